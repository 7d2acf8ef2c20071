"""Keeps the dependencies' start-up chatter away from users; imported before TensorFlow."""

import os
import warnings

# Whose FutureWarnings are addressed to their own authors.
_DEPENDENCIES = (
    "tensorflow|keras|tf_keras|tensorflow_addons|tensorflow_hub|tensorflow_datasets|official|"
    "pycocotools|google|numpy|pandas|scipy|sklearn|matplotlib|PIL|etils|h5py"
)


def silence_dependencies() -> None:
    """Hides messages known to be false or useless here; must run before TensorFlow is imported.

    * TensorFlow 2.15's wheel logs cuDNN/cuFFT/cuBLAS "errors" at start that mean nothing; only log
      level 3 hides them. A level the user has set is kept.
    * tensorflow-addons warns of its end of life, and of TensorFlow versions it was not tested with.
    * FutureWarnings about how the dependencies use one another. Warnings of this package, and those
      that it causes in the code that calls it, stay visible.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    warnings.filterwarnings("ignore", message=r"\s*TensorFlow Addons \(TFA\)")
    warnings.filterwarnings("ignore", category=UserWarning, module=r"tensorflow_addons\.utils\.")
    warnings.filterwarnings("ignore", category=FutureWarning, module=rf"({_DEPENDENCIES})(\.|$)")
