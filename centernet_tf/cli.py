"""The start-up of every program: flags in, one plain sentence out when something is wrong."""

import errno
import os
import sys

from absl import app, flags, logging

from centernet_tf.errors import UserError, nearest


def run(main, required=(), positional=False):
    """Runs `main(argv)` as a command-line program and never returns.

    Exit codes: 0, or what `main` returns; 1 for a fault that one sentence on standard error
    explains (a `UserError`, a wrong flag, no memory, a full disk); 130 for Ctrl-C. Any other
    exception is a defect of ours and keeps its traceback. absl logs warnings and above, unless
    --verbosity asks for more.

    Args:
      main: function of the arguments that are no flags, the program's name first.
      required: names of flags that must be given.
      positional: whether arguments that are no flags are allowed; without it a stray word, such as
        the second file of `--config_file a.yaml b.yaml`, is an error instead of being ignored.
    """
    # Otherwise flags that follow the first plain argument would be taken for plain arguments.
    flags.FLAGS.set_gnu_getopt(True)
    app.run(
        lambda argv: _guard(main, argv),
        flags_parser=lambda argv: _guard(_parse, argv, required, positional),
    )


def describe_machine(strategy=None, xla=None, precision="float32") -> str:
    """Returns one line that says what runs where.

    Args:
      strategy: a `tf.distribute.Strategy`; None describes what TensorFlow would use by default.
      xla: whether the device part is compiled by XLA; None is off.
      precision: name of the Keras dtype policy.

    Returns:
      For example `TensorFlow 2.15.1 on 1 CPU (2 threads), XLA off, float32`.
    """
    import tensorflow as tf

    gpus = tf.config.get_visible_devices("GPU")
    replicas = 1
    if strategy is not None:
        replicas = strategy.num_replicas_in_sync
        workers = strategy.extended.worker_devices
        gpus = gpus[: len(workers)] if any("GPU" in worker for worker in workers) else []
    parts = [f"TensorFlow {tf.__version__} on {_gpu_names(gpus) if gpus else _cpu_threads()}"]
    if replicas > 1:
        parts.append(f"{replicas} replicas")
    return ", ".join(parts + [f"XLA {'on' if xla else 'off'}", precision])


def _gpu_names(gpus) -> str:
    import tensorflow as tf

    names = {tf.config.experimental.get_device_details(gpu).get("device_name") for gpu in gpus}
    known = ", ".join(sorted(name for name in names if name))
    return f"{len(gpus)} GPU{'s' * (len(gpus) > 1)}" + (f" ({known})" if known else "")


def _cpu_threads() -> str:
    import tensorflow as tf

    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count()
    threads = tf.config.threading.get_intra_op_parallelism_threads() or cores
    return f"1 CPU ({threads} thread{'s' * (threads > 1)})"


def _guard(function, argv, *arguments):
    """Calls `function(argv, *arguments)`; a fault one can mend becomes a sentence and an exit."""
    try:
        return function(argv, *arguments)
    except KeyboardInterrupt:
        _stop("interrupted", code=130)
    except BrokenPipeError:
        # The reader of our output, such as `head`, is gone; nothing may be flushed into it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        sentence = _explain(error)
        if sentence is None:
            raise
        _stop(f"error: {sentence}", code=1)


def _stop(message: str, code: int):
    sys.stdout.flush()
    print(message, file=sys.stderr)
    sys.exit(code)


def _explain(error: Exception):
    """Returns the sentence for `error`, or None when it is a defect of ours."""
    if isinstance(error, (UserError, app.UsageError)):
        return str(error)
    text = str(error)
    # TensorFlow has one error for a full disk and full memory; only its text tells them apart.
    tensorflow_full = type(error).__name__ == "ResourceExhaustedError"
    if getattr(error, "errno", None) == errno.ENOSPC or "No space left on device" in text:
        name = getattr(error, "filename", None)
        place = f" (writing {name})" if name else ""
        return f"The disk is full{place}; free some space and run it again."
    if isinstance(error, MemoryError) or tensorflow_full:
        return (
            "The machine ran out of memory; use a smaller batch or input size "
            "(train.global_batch_size, evaluation.batch_size, data.input_size)."
        )
    return None


def _parse(argv, required, positional):
    """Reads the flags into `flags.FLAGS` and returns the arguments that are none.

    Raises:
      UserError: a flag is unknown, has a value it cannot take, or is required and missing.
    """
    try:
        arguments = flags.FLAGS(argv)
    except flags.UnrecognizedFlagError as error:
        known = [f"--{name}" for name in _program_flags()]
        flag = f"--{error.flagname}"
        raise UserError(
            f"There is no flag {flag}.{nearest(flag, known)} Use --help to see the flags."
        ) from error
    except flags.Error as error:
        sentence = " ".join(str(error).split())
        raise UserError(f"Wrong flag: {sentence}{'' if sentence.endswith('.') else '.'}") from error
    except SystemExit:
        # Only --help and its relatives end here; absl ends them with 1.
        sys.exit(0)
    if flags.FLAGS["verbosity"].using_default_value:
        # absl would choose INFO, where the dependencies talk.
        logging.set_verbosity(logging.WARNING)
    missing = [name for name in required if flags.FLAGS[name].value in (None, "", [])]
    if missing:
        raise UserError(f"The flag --{missing[0]} is missing ({_help_of(missing[0])}).")
    if arguments[1:] and not positional:
        raise UserError(
            f"Unexpected argument '{arguments[1]}'; everything is given as --flag=value. "
            "Use --help to see the flags."
        )
    return arguments


def _help_of(name: str) -> str:
    """What a flag is for, on one line, without what absl adds to the help of repeatable flags."""
    text = " ".join(flags.FLAGS[name].help.split())
    return text.removesuffix("repeat this option to specify a list of values").rstrip(";. ")


def _program_flags() -> list:
    """Names of the flags that we define, without those of absl and other packages."""
    modules = flags.FLAGS.flags_by_module_dict()
    ours = (sys.argv[0], "__main__", "centernet_tf", "pipelines", "benchmarks")
    return [flag.name for module in modules if module.startswith(ours) for flag in modules[module]]
