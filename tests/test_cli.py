"""Programs end in one sentence and a code, whatever goes wrong."""

import os
import subprocess
import sys
import textwrap

import pytest

from centernet_tf import cli

PROGRAM = """
    '''A program for tests.'''
    import errno
    import sys
    from absl import flags, logging
    from centernet_tf import cli
    from centernet_tf.errors import UserError

    flags.DEFINE_string("model_dir", None, "folder of the run")
    flags.DEFINE_multi_string("config_file", [], "YAML file")
    flags.DEFINE_string("model", None, "SavedModel folder or .tflite file.")
    flags.DEFINE_enum("mode", "train", ["train", "eval"], "what to do")
    flags.DEFINE_integer("epochs", 1, "passes")

    def main(argv):
        logging.info("chatter")
        {body}

    if __name__ == "__main__":
        cli.run(main, required=["model_dir"], existing=["config_file", "model"],
            positional={positional})
"""


@pytest.fixture
def run_program(tmp_path):
    """Runs a program whose main is `body` and returns the finished process."""

    def run(body="print(argv[1:])", *arguments, positional=False):
        path = tmp_path / "program.py"
        path.write_text(textwrap.dedent(PROGRAM).format(body=body, positional=positional))
        environment = dict(os.environ, PYTHONPATH=os.getcwd())
        command = [sys.executable, str(path), *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)

    return run


def assert_sentence(process, *words):
    assert process.returncode == 1
    assert process.stdout == ""
    assert process.stderr.startswith("error: ")
    assert process.stderr.count("\n") == 1
    for word in words:
        assert word in process.stderr


def test_success_is_silent_and_zero(run_program):
    process = run_program("print('done')", "--model_dir=a")
    assert (process.returncode, process.stdout, process.stderr) == (0, "done\n", "")


def test_logging_below_warnings_is_shown_on_request_only(run_program):
    process = run_program("logging.warning('careful')", "--model_dir=a")
    assert "chatter" not in process.stderr and "careful" in process.stderr
    assert "chatter" in run_program("pass", "--model_dir=a", "--verbosity=0").stderr


def test_user_error_is_one_sentence(run_program):
    process = run_program("raise UserError('There is no file x; make it.')", "--model_dir=a")
    assert_sentence(process, "error: There is no file x; make it.")


def test_a_defect_of_ours_keeps_its_traceback(run_program):
    process = run_program("raise ValueError('a defect')", "--model_dir=a")
    assert process.returncode == 1
    assert "Traceback" in process.stderr


def test_unknown_flag_names_the_nearest(run_program):
    process = run_program("pass", "--modeldir=a")
    assert_sentence(process, "no flag --modeldir", "Did you mean '--model_dir'?")


def test_missing_required_flag_says_what_it_is(run_program):
    assert_sentence(run_program("pass"), "--model_dir is missing", "folder of the run")


def test_empty_required_flag_is_missing(run_program):
    assert_sentence(run_program("pass", "--model_dir="), "--model_dir is missing")


def test_empty_repeatable_flag_says_what_it_is(run_program):
    process = run_program("pass", "--model_dir=a", "--config_file=")
    assert_sentence(process, "The flag --config_file has no value (YAML file).")


@pytest.mark.parametrize("flag", ["--config_file", "--model"])
def test_a_path_that_must_be_there(run_program, tmp_path, flag):
    process = run_program("pass", "--model_dir=a", f"{flag}=no/such/thing")
    assert_sentence(process, f"There is no file or folder 'no/such/thing' ({flag}: ")
    assert run_program("pass", "--model_dir=a", f"{flag}={tmp_path}").returncode == 0


def test_bad_enum_value_lists_the_choices(run_program):
    process = run_program("pass", "--model_dir=a", "--mode=trian")
    assert_sentence(process, "--mode", "trian", "train|eval")


def test_bad_number(run_program):
    assert_sentence(run_program("pass", "--model_dir=a", "--epochs=many"), "--epochs", "many")


def test_flag_without_its_value(run_program):
    assert_sentence(run_program("pass", "--model_dir"), "--model_dir")


def test_stray_argument_is_refused(run_program):
    process = run_program("pass", "--model_dir=a", "--config_file", "a.yaml", "b.yaml")
    assert_sentence(process, "'b.yaml'")


def test_positional_arguments_may_stand_before_flags(run_program):
    process = run_program("print(argv[1:])", "a.jpg", "--model_dir=a", "b.jpg", positional=True)
    assert process.stdout == "['a.jpg', 'b.jpg']\n"


def test_interrupt_exits_with_130_and_no_traceback(run_program):
    process = run_program("raise KeyboardInterrupt", "--model_dir=a")
    assert (process.returncode, process.stderr) == (130, "interrupted\n")


def test_full_disk(run_program):
    body = "raise OSError(errno.ENOSPC, 'No space left on device', 'a/b')"
    assert_sentence(run_program(body, "--model_dir=a"), "disk is full", "a/b")


def test_no_memory(run_program):
    assert_sentence(run_program("raise MemoryError", "--model_dir=a"), "out of memory")


def test_no_memory_in_tensorflow(run_program):
    body = "import tensorflow as tf; raise tf.errors.ResourceExhaustedError(None, None, 'OOM')"
    assert_sentence(run_program(body, "--model_dir=a"), "out of memory")


def test_reader_of_the_output_may_leave(run_program):
    process = run_program("raise BrokenPipeError", "--model_dir=a")
    assert process.stderr == ""


def test_help_shows_the_flags_and_succeeds(run_program):
    process = run_program("pass", "--help")
    assert process.returncode == 0
    assert "A program for tests." in process.stdout
    assert "--model_dir" in process.stdout


def test_the_start_up_does_not_import_tensorflow():
    code = "import sys, centernet_tf.cli; print('tensorflow' in sys.modules)"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.stdout == "False\n"


def test_machine_in_one_line():
    import tensorflow as tf

    line = cli.describe_machine()
    assert line.startswith(f"TensorFlow {tf.__version__} on 1 CPU (")
    assert line.endswith("XLA off, float32")
    line = cli.describe_machine(tf.distribute.OneDeviceStrategy("CPU:0"), True, "mixed_float16")
    assert line.endswith("XLA on, mixed_float16")
    assert "\n" not in line


def test_machine_with_replicas():
    class TwoReplicas:
        num_replicas_in_sync = 2

        class extended:
            worker_devices = ("/device:CPU:0", "/device:CPU:1")

    assert ", 2 replicas, XLA off" in cli.describe_machine(TwoReplicas())
