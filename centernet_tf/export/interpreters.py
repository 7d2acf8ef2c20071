"""The libraries that run TFLite files."""

import importlib
import os

from centernet_tf.errors import UserError
from centernet_tf.export.native_output import hidden_unless_it_fails

# Names of libraries, and the modules that hold their interpreters: the one inside TensorFlow, and
# the one it is developed as since.
MODULES = {
    "tensorflow": "tensorflow.lite.python.interpreter",
    "litert": "ai_edge_litert.interpreter",
}


def make_interpreter(model: bytes, num_threads: int = 0, library: str = "tensorflow"):
    """Returns an interpreter with its tensors allocated.

    Args:
      model: flatbuffer.
      num_threads: 0 takes the cores this process may use.
      library: one of `MODULES`.

    Raises:
      UserError: the library is not installed.
      ValueError, RuntimeError: it does not take the file.
    """
    try:
        module = importlib.import_module(MODULES[library])
    except ImportError as error:
        raise UserError(
            f"The interpreter '{library}' is not installed; try pip install 'centernet_tf[litert]'."
        ) from error
    # The interpreter announces the XNNPACK delegate when it is made.
    with hidden_unless_it_fails():
        interpreter = module.Interpreter(
            model_content=model, num_threads=num_threads or num_cores()
        )
        interpreter.allocate_tensors()
    return interpreter


def num_cores() -> int:
    """The cores this process may use, where the system says so."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
