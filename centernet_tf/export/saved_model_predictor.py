"""An exported SavedModel as a predictor."""

import os

import tensorflow as tf

from centernet_tf.errors import UserError
from centernet_tf.export.api_outputs import detections_from_outputs
from centernet_tf.export.metadata import parse_labels
from centernet_tf.ops.detections import Detections


class SavedModelPredictor:
    """Detects with the `image_tensor` signature of a version folder.

    Attributes:
      categories: the data set's categories in the order of the contiguous classes.

    Raises:
      UserError: the folder is no export of ours, or is damaged.
    """

    def __init__(self, folder: str):
        labels = os.path.join(folder, "assets", "labels.json")
        try:
            with open(labels, encoding="utf-8") as stream:
                self.categories = parse_labels(stream.read())
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{folder} has no readable assets/labels.json: it is damaged, or was not made by "
                "python -m pipelines.export --format=saved_model."
            ) from error
        try:
            # The signature lives no longer than the object it came with.
            self._loaded = tf.saved_model.load(folder)
            self._signature = self._loaded.signatures["image_tensor"]
        except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
            fault = str(error).splitlines()[0].rstrip(". ")
            if isinstance(error, KeyError):
                fault = "it has no signature 'image_tensor'"
            raise UserError(
                f"Cannot load the SavedModel {folder}: {fault}; copy or export it again."
            ) from error

    def predict(self, image) -> Detections:
        """See `predictor.Predictor`."""
        outputs = self._signature(image_tensor=tf.constant(image[None]))
        arrays = {name: value.numpy()[0] for name, value in outputs.items()}
        return detections_from_outputs(arrays, image.shape[:2], self.categories)
