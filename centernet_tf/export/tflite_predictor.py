"""An exported TFLite file as a predictor."""

import hashlib
import json
import zipfile
from typing import NamedTuple

import numpy as np

from centernet_tf.errors import UserError
from centernet_tf.export import raw_decoder
from centernet_tf.export.api_outputs import detections_from_outputs
from centernet_tf.export.interpreters import make_interpreter
from centernet_tf.export.metadata import parse_labels
from centernet_tf.ops.detections import Detections


class TFLiteFile(NamedTuple):
    """What a .tflite file of ours holds.

    Attributes:
      model: the flatbuffer.
      labels: text of labels.json.
      metadata: metadata.json, read.
    """

    model: bytes
    labels: str
    metadata: dict


class TFLitePredictor:
    """Detects with TFLite's interpreter, whatever the file's variant and head.

    Args:
      path: of the file.
      library: of the interpreter, see `interpreters.MODULES`.
      num_threads: 0 takes all cores.

    Attributes:
      categories: the data set's categories in the order of the contiguous classes.

    Raises:
      UserError: the file cannot be read, is no TFLite file of ours, or is damaged.
    """

    def __init__(self, path: str, library: str = "tensorflow", num_threads: int = 0):
        file = read_tflite(path)
        self.categories = parse_labels(file.labels)
        self._metadata = file.metadata
        try:
            interpreter = make_interpreter(file.model, num_threads, library)
        except (ValueError, RuntimeError) as error:
            fault = str(error).splitlines()[0].rstrip(". ")
            raise UserError(f"Cannot load {path}: {fault}; export it again.") from error
        self._run = interpreter.get_signature_runner()

    def predict(self, image) -> Detections:
        """See `predictor.Predictor`."""
        # Files of before there were heads have the full one.
        if self._metadata.get("head", "full") == "raw":
            return self._predict_raw(image)
        outputs = self._run(image=image[None])
        outputs = {name: value[0] for name, value in outputs.items()}
        return detections_from_outputs(outputs, image.shape[:2], self.categories)

    def _predict_raw(self, image) -> Detections:
        known = self._metadata
        pixels, transform = raw_decoder.letterbox(image, known["input_size"])
        boxes, scores, classes = raw_decoder.decode(
            **self._run(image=pixels),
            transform=transform,
            stride=known["stride"],
            max_detections=known["max_detections"],
            score_threshold=known["options"]["score_threshold"],
        )
        return Detections(boxes, scores, classes, np.int32(len(scores)))


def read_tflite(path: str) -> TFLiteFile:
    """Reads a file and checks that it is whole.

    Raises:
      UserError: the file cannot be read, is no TFLite file of ours, or is damaged.
    """
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
            labels, text = (archive.read(n).decode() for n in ("labels.json", "metadata.json"))
        metadata = json.loads(text)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise UserError(
            f"{path} holds no labels: it is damaged, or was not made by python -m pipelines.export "
            "--format=tflite."
        ) from error
    model = content[:start]
    if hashlib.sha256(model).hexdigest() != metadata["sha256"]:
        raise UserError(f"{path} is damaged; copy or export it again.")
    return TFLiteFile(model, labels, metadata)
