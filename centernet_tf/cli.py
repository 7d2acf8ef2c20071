"""The start-up of every program: flags in, one plain sentence out when something is wrong."""

import errno
import os
import sys

from absl import app, flags, logging

from centernet_tf.count_of import count_of
from centernet_tf.errors import UserError, nearest
from centernet_tf.malloc_arenas import limit_arenas


def run(main, required=(), existing=(), positional=False):
    """Runs `main(argv)` as a command-line program and never returns.

    Exit codes: 0, or what `main` returns; 1 for a fault that one sentence on standard error
    explains (a `UserError`, a wrong flag, no memory, a full disk); 130 for Ctrl-C. Any other
    exception is a defect of ours and keeps its traceback. absl logs warnings and above, unless
    --verbosity asks for more.

    Args:
      main: function of the arguments that are no flags, the program's name first.
      required: names of flags that must be given.
      existing: names of flags whose values, where given, are files or folders that must be there.
        Told here, a wrong path does not wait for `main` to load TensorFlow.
      positional: whether arguments that are no flags are allowed; without it a stray word, such as
        the second file of `--config_file a.yaml b.yaml`, is an error instead of being ignored.
    """
    limit_arenas()
    # Otherwise flags that follow the first plain argument would be taken for plain arguments.
    flags.FLAGS.set_gnu_getopt(True)
    app.run(
        lambda argv: _guard(main, argv),
        flags_parser=lambda argv: _guard(_parse, argv, required, existing, positional),
    )


def refuse_flags(names, reason: str) -> None:
    """Raises UserError where a flag was given that has no effect.

    Args:
      names: of the flags.
      reason: ends the sentence `--NAME has no effect ...`.
    """
    for name in names:
        if flags.FLAGS[name].present:
            raise UserError(f"--{name} has no effect {reason}; leave it out.")


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
    return count_of(len(gpus), "GPU") + (f" ({known})" if known else "")


def _cpu_threads() -> str:
    import tensorflow as tf

    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count()
    threads = tf.config.threading.get_intra_op_parallelism_threads() or cores
    return f"1 CPU ({count_of(threads, 'thread')})"


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


def _parse(argv, required, existing, positional):
    """Reads the flags into `flags.FLAGS` and returns the arguments that are none.

    Raises:
      UserError: a flag is unknown, has a value it cannot take, is required and missing, or names a
        file that is not there.
    """
    arguments = _read_flags(argv)
    if flags.FLAGS["verbosity"].using_default_value:
        # absl would choose INFO, where the dependencies talk.
        logging.set_verbosity(logging.WARNING)
    if arguments[1:] and not positional:
        raise UserError(
            f"Unexpected argument '{arguments[1]}'; everything is given as --flag=value. "
            "Use --help to see the flags."
        )
    _check_given(required, existing)
    return arguments


def _read_flags(argv):
    try:
        return flags.FLAGS(argv)
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


def _check_given(required, existing):
    """Checks the flags that must be given, and those that name files, in this order."""
    for name in required:
        if not _values_of(name):
            raise UserError(f"The flag --{name} is missing ({_help_of(name)}).")
    for name in _program_flags():
        if "" in _values_of(name):
            raise UserError(f"The flag --{name} has no value ({_help_of(name)}).")
    for name in existing:
        for path in _values_of(name):
            if not os.path.exists(path):
                raise UserError(
                    f"There is no file or folder '{path}' (--{name}: {_help_of(name)})."
                )


def _values_of(name: str) -> list:
    """What was given for a flag: one value, several for a repeatable flag, or none."""
    value = flags.FLAGS[name].value
    if isinstance(flags.FLAGS[name], flags.MultiFlag):
        return list(value or [])
    return [] if value in (None, "", []) else [value]


def _help_of(name: str) -> str:
    """What a flag is for, on one line, without what absl adds to the help of repeatable flags."""
    text = " ".join(flags.FLAGS[name].help.split())
    return text.removesuffix("repeat this option to specify a list of values").rstrip(";. ")


def _program_flags() -> list:
    """Names of the flags that we define, without those of absl and other packages."""
    modules = flags.FLAGS.flags_by_module_dict()
    ours = (sys.argv[0], "__main__", "centernet_tf", "pipelines", "benchmarks")
    return [flag.name for module in modules if module.startswith(ours) for flag in modules[module]]
