"""The dependencies say nothing; our own warnings are heard."""

import os
import subprocess
import sys

IMPORTS = [
    "tensorflow",
    "keras",
    "tensorflow_addons",
    "official.modeling.hyperparams",
    "official.modeling.optimization",
    "official.common.distribute_utils",
    "official.vision.dataloaders.tf_example_decoder",
    "pycocotools.coco",
    "pycocotools.cocoeval",
    "absl.app",
    "PIL.Image",
]


def run_python(code, **environment):
    """Runs `code` in a fresh interpreter with a user's warning settings, not pytest's."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONWARNINGS", "TF_CPP_MIN_LOG_LEVEL")
    }
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**inherited, **environment, "PYTHONPATH": os.getcwd()},
        timeout=300,
    )


def test_imports_print_nothing():
    process = run_python(
        f"import pipelines\nimport {', '.join(IMPORTS)}\ntensorflow.constant(1) + 1"
    )
    assert process.returncode == 0, process.stderr
    assert (process.stdout, process.stderr) == ("", "")


def test_our_own_warnings_are_heard():
    code = (
        "from centernet_tf import quiet; quiet.silence_dependencies()\n"
        "import warnings\n"
        "warnings.warn('soon different', FutureWarning)\n"
        "warnings.warn('soon gone', DeprecationWarning)\n"
        "warnings.warn('odd input')\n"
    )
    stderr = run_python(code).stderr
    assert all(words in stderr for words in ("soon different", "soon gone", "odd input"))


def test_the_log_level_of_the_user_is_kept():
    code = (
        "from centernet_tf import quiet; quiet.silence_dependencies()\n"
        "import os; print(os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    )
    assert run_python(code).stdout == "3\n"
    assert run_python(code, TF_CPP_MIN_LOG_LEVEL="0").stdout == "0\n"
