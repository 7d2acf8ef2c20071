"""One way to run a detector, whatever form it has."""

import os
from typing import Protocol, Tuple

from centernet_tf.data.annotations import Category
from centernet_tf.errors import UserError
from centernet_tf.export.keras_predictor import KerasPredictor
from centernet_tf.export.saved_model_predictor import SavedModelPredictor
from centernet_tf.export.tflite_predictor import TFLitePredictor
from centernet_tf.export.version_folder import version_folders
from centernet_tf.ops.detections import Detections
from centernet_tf.training.model_dir import load_trained


class Predictor(Protocol):
    """A detector that takes images as they are."""

    categories: Tuple[Category, ...]

    def predict(self, image) -> Detections:
        """Detects in one image.

        Args:
          image: uint8 [h, w, 3], RGB, NumPy.

        Returns:
          Detections of NumPy arrays without batch, best first, only the rows meant; boxes in pixels
          of the image, not clipped to it.
        """


def is_model_dir(path: str) -> bool:
    """Says whether a path is the folder of a run, which alone has several checkpoints."""
    return os.path.exists(os.path.join(path, "params.yaml"))


def load_predictor(path: str, checkpoint: str = "newest") -> Predictor:
    """Loads a detector of any form.

    Args:
      path: a model directory, a SavedModel (a version folder, or the folder of the versions, of
        which the highest is taken), or a .tflite file.
      checkpoint: of a model directory, see `load_trained`; exports have but one.

    Raises:
      UserError: it is none of these, or damaged.
    """
    if os.path.isdir(path):
        return _load_folder(path, checkpoint)
    if not os.path.exists(path):
        raise UserError(f"There is no file or folder {path}.")
    if os.path.basename(path) == "saved_model.pb":
        raise UserError(f"Give the folder {os.path.dirname(path) or '.'} instead of {path}.")
    return TFLitePredictor(path)


def _load_folder(path: str, checkpoint: str) -> Predictor:
    if is_model_dir(path):
        return KerasPredictor(load_trained(path, checkpoint))
    if os.path.exists(os.path.join(path, "saved_model.pb")):
        return SavedModelPredictor(path)
    versions = version_folders(path)
    if versions:
        return SavedModelPredictor(os.path.join(path, versions[-1].name))
    raise UserError(
        f"{path} is neither a model directory (it has no params.yaml) nor a SavedModel (it has no "
        "saved_model.pb and no numbered version folder)."
    )
