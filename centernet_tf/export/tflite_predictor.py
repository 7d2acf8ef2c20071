"""An exported TFLite file as a predictor."""

import hashlib
import json
import os
import zipfile

import tensorflow as tf

from centernet_tf.errors import UserError
from centernet_tf.export.api_outputs import detections_from_outputs
from centernet_tf.export.metadata import parse_labels
from centernet_tf.export.native_output import hidden_unless_it_fails
from centernet_tf.ops.detections import Detections


class TFLitePredictor:
    """Detects with TFLite's interpreter.

    Attributes:
      categories: the data set's categories in the order of the contiguous classes.

    Raises:
      UserError: the file cannot be read, is no TFLite file of ours, or is damaged.
    """

    def __init__(self, path: str):
        model, labels, description = _read(path)
        self.categories = parse_labels(labels)
        if hashlib.sha256(model).hexdigest() != json.loads(description)["sha256"]:
            raise UserError(f"{path} is damaged; copy or export it again.")
        try:
            # The interpreter announces the XNNPACK delegate when it is made.
            with hidden_unless_it_fails():
                interpreter = tf.lite.Interpreter(model_content=model, num_threads=_num_cores())
                interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            fault = str(error).splitlines()[0].rstrip(". ")
            raise UserError(f"Cannot load {path}: {fault}; export it again.") from error
        self._run = interpreter.get_signature_runner()

    def predict(self, image) -> Detections:
        """See `predictor.Predictor`."""
        outputs = self._run(image=image[None])
        outputs = {name: value[0] for name, value in outputs.items()}
        return detections_from_outputs(outputs, image.shape[:2], self.categories)


def _read(path: str):
    """Returns the flatbuffer and the texts of labels.json and metadata.json."""
    try:
        with open(path, "rb") as stream:
            content = stream.read()
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}.") from error
    if content[4:8] != b"TFL3":
        raise UserError(f"{path} is no TFLite file.")
    try:
        with zipfile.ZipFile(path) as archive:
            start = min(entry.header_offset for entry in archive.infolist())
            texts = [archive.read(name).decode() for name in ("labels.json", "metadata.json")]
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise UserError(
            f"{path} holds no labels: it is damaged, or was not made by python -m pipelines.export "
            "--format=tflite."
        ) from error
    return content[:start], *texts


def _num_cores() -> int:
    """The cores this process may use, where the system says so."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
