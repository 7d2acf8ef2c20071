"""Keeps the dependencies' start-up chatter away from users; imported before TensorFlow."""

import os
import warnings


def silence_dependencies() -> None:
    """Hides messages that are known to be false or useless here; must run before TensorFlow is imported.

    * TensorFlow 2.15's wheel logs cuDNN/cuFFT/cuBLAS "errors" at start that mean nothing; only log level 3
      hides them. A level the user has set is kept.
    * tensorflow-addons prints its end-of-life notice and checks the TensorFlow version on import.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("AUTOGRAPH_VERBOSITY", "0")
    warnings.filterwarnings("ignore", message=r"(?s).*TensorFlow Addons \(TFA\).*")
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    warnings.filterwarnings("ignore", category=FutureWarning)
