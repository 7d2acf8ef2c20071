"""One loaded version of a SavedModel: what its signatures take, and running them."""

import os

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from centernet_tf.errors import nearest
from centernet_tf.export.warmup import FILE as WARMUP_FILE
from centernet_tf.serving.faults import BadRequest

DEFAULT_SIGNATURE = "serving_default"


class ServedVersion:
    """A SavedModel in memory, warm.

    Attributes:
      number: the version.
      folder: where it came from.
      signature_defs: proto of each signature by name, as the file has them.

    Raises:
      Exception: of whatever type TensorFlow finds for a folder that is no SavedModel.
    """

    def __init__(self, folder: str, number: int):
        self.number, self.folder = number, folder
        self.signature_defs = _signatures(os.path.join(folder, "saved_model.pb"))
        self._loaded = tf.saved_model.load(folder)
        self._warm_up()

    def inputs_of(self, signature: str) -> dict:
        """Returns the `TensorInfo` of each input by name.

        Raises:
          BadRequest: there is no such signature.
        """
        if signature not in self._loaded.signatures:
            known = sorted(self._loaded.signatures)
            raise BadRequest(
                f"There is no signature '{signature}'; the model has {', '.join(known)}."
                f"{nearest(signature, known)}"
            )
        return dict(self.signature_defs[signature].inputs)

    def check(self, signature: str, inputs: dict) -> int:
        """Checks names, types and shapes of arrays for a signature, and returns their rows.

        Raises:
          BadRequest: something does not fit; the sentence says what.
        """
        wanted = self.inputs_of(signature)
        if set(inputs) != set(wanted):
            raise BadRequest(
                f"The signature '{signature}' takes {_names(wanted)}; got {_names(inputs)}."
            )
        for name, values in inputs.items():
            _check_tensor(name, values, wanted[name])
        rows = {len(values) for values in inputs.values()}
        if len(rows) > 1:
            raise BadRequest(f"The inputs differ in their number of rows: {sorted(rows)}.")
        return rows.pop()

    def run(self, signature: str, inputs: dict) -> dict:
        """Runs a signature on arrays that fit and returns arrays by output name."""
        tensors = {name: tf.constant(values) for name, values in inputs.items()}
        outputs = self._loaded.signatures[signature](**tensors)
        return {name: value.numpy() for name, value in outputs.items()}

    def _warm_up(self) -> None:
        """Replays the requests that the export left for it, so that no client waits."""
        path = os.path.join(self.folder, WARMUP_FILE)
        try:
            from tensorflow_serving.apis import prediction_log_pb2
        except ImportError:
            return
        if not os.path.exists(path):
            return
        for record in tf.data.TFRecordDataset(path):
            log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
            request = log.predict_log.request
            inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
            self.run(request.model_spec.signature_name or DEFAULT_SIGNATURE, inputs)


def _signatures(path: str) -> dict:
    """The proto of each signature by name."""
    with open(path, "rb") as stream:
        content = stream.read()
    try:
        graphs = saved_model_pb2.SavedModel.FromString(content).meta_graphs
    except DecodeError:
        graphs = []
    if not graphs:
        raise ValueError(f"{path} is cut off or damaged; copy or export the version again")
    return dict(graphs[0].signature_def)


def _names(mapping) -> str:
    return ", ".join(f"'{name}'" for name in sorted(mapping)) or "nothing"


def _check_tensor(name: str, values: np.ndarray, info) -> None:
    dtype = tf.dtypes.as_dtype(info.dtype)
    found = tf.string if values.dtype.kind in "OSU" else tf.dtypes.as_dtype(values.dtype)
    if found != dtype:
        raise BadRequest(f"The input '{name}' is of type {dtype.name}; got {found.name}.")
    wanted = tf.TensorShape(info.tensor_shape)
    if not wanted.is_compatible_with(values.shape):
        raise BadRequest(f"The input '{name}' has the shape {wanted}; got {list(values.shape)}.")
    if 0 in values.shape:
        raise BadRequest(f"The input '{name}' of shape {list(values.shape)} holds nothing.")
