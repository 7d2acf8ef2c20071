"""TensorFlow Serving's gRPC services: Predict, GetModelMetadata and GetModelStatus."""

import math
import time
from concurrent import futures
from typing import Dict

import grpc
import tensorflow as tf
from google.protobuf import any_pb2
from tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataRequest,
    GetModelMetadataResponse,
    SignatureDefMap,
)
from tensorflow_serving.apis.get_model_status_pb2 import (
    GetModelStatusRequest,
    GetModelStatusResponse,
    ModelVersionStatus,
)
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse

from centernet_tf.errors import UserError
from centernet_tf.serving.faults import BadRequest, NotFound
from centernet_tf.serving.grpc_methods import Method, Methods

# A string is an object of its own, and stands in a list and in an array.
_BYTES_OF_STRING = 80


def start_grpc_server(model, options, metrics, budget):
    """Starts the services and returns (server, port).

    Raises:
      UserError: the port is taken.
    """
    # Those that wait in the queue hold a thread each; beyond them there is room to say no.
    threads = options.max_queue + options.max_batch_size + 16
    server = grpc.server(
        futures.ThreadPoolExecutor(threads, thread_name_prefix="grpc"),
        options=[
            ("grpc.max_receive_message_length", options.max_body_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),
        ],
        maximum_concurrent_rpcs=threads,
    )
    methods = _Services(model, options, budget).methods()
    server.add_generic_rpc_handlers((Methods(methods, metrics),))
    try:
        port = server.add_insecure_port(f"{options.host}:{options.grpc_port}")
    except RuntimeError as error:
        raise UserError(
            f"Cannot listen at {options.host}:{options.grpc_port}; give another --grpc_port."
        ) from error
    server.start()
    return server, port


class _Services:
    """Answers requests for one model."""

    def __init__(self, model, options, budget):
        self._model, self._options, self._budget = model, options, budget

    def methods(self) -> Dict[str, Method]:
        """Returns what is offered."""
        return {
            "/tensorflow.serving.PredictionService/Predict": Method(
                "predict", PredictRequest, self._predict
            ),
            "/tensorflow.serving.PredictionService/GetModelMetadata": Method(
                "metadata", GetModelMetadataRequest, self._metadata
            ),
            "/tensorflow.serving.ModelService/GetModelStatus": Method(
                "status", GetModelStatusRequest, self._status
            ),
        }

    def _predict(self, request, context):
        limit = self._options.max_body_bytes
        unpacked = sum(_unpacked_bytes(*each, limit) for each in request.inputs.items())
        with self._budget.room(request.ByteSize() + unpacked):
            return self._predict_unpacked(request, context)

    def _predict_unpacked(self, request, context):
        number = self._version(request.model_spec)
        left = context.time_remaining()
        patience = self._options.request_timeout
        deadline = time.monotonic() + (patience if left is None else min(patience, left))
        arrays = {name: _array(name, proto) for name, proto in request.inputs.items()}
        signature = request.model_spec.signature_name
        outputs, served = self._model.predict(signature, lambda *_: arrays, number, deadline)
        response = PredictResponse()
        self._fill_spec(response.model_spec, served, signature or "serving_default")
        for name in _filtered(outputs, request.output_filter):
            response.outputs[name].CopyFrom(tf.make_tensor_proto(outputs[name]))
        return response

    def _metadata(self, request, context):
        del context
        version = self._model.current(self._version(request.model_spec))
        for field in request.metadata_field:
            if field != "signature_def":
                raise BadRequest(f"The only metadata is 'signature_def'; got '{field}'.")
        if not request.metadata_field:
            raise BadRequest("Ask for the metadata 'signature_def'.")
        signatures = SignatureDefMap()
        for name, proto in version.signature_defs.items():
            signatures.signature_def[name].CopyFrom(proto)
        response = GetModelMetadataResponse()
        self._fill_spec(response.model_spec, version.number, "")
        packed = any_pb2.Any()
        packed.Pack(signatures)
        response.metadata["signature_def"].CopyFrom(packed)
        return response

    def _status(self, request, context):
        del context
        response = GetModelStatusResponse()
        states = ModelVersionStatus.State
        for status in self._model.statuses(self._version(request.model_spec)):
            entry = response.model_version_status.add(
                version=status.number, state=states.Value(status.state)
            )
            entry.status.error_message = status.fault
            entry.status.error_code = 2 if status.fault else 0
        return response

    def _version(self, spec):
        if spec.name != self._model.name:
            raise NotFound(f"There is no model '{spec.name}'; '{self._model.name}' is served.")
        if spec.version_label:
            raise BadRequest(f"Versions have no labels here; got '{spec.version_label}'.")
        return spec.version.value if spec.HasField("version") else None

    def _fill_spec(self, spec, number, signature):
        spec.name, spec.signature_name = self._model.name, signature
        spec.version.value = number


def _unpacked_bytes(name, proto, limit) -> int:
    """Tells what the array of a tensor takes, which is no more than a message may."""
    sides = [side.size for side in proto.tensor_shape.dim]
    if min(sides, default=0) < 0 or proto.tensor_shape.unknown_rank:
        raise BadRequest(f"The input '{name}' has no whole shape: {sides}.")
    # One value may stand for a whole tensor, of any size.
    size = math.prod(sides) * _bytes_of_element(name, proto)
    if size > limit:
        raise BadRequest(f"The input '{name}' of shape {sides} is too large.")
    return size


def _bytes_of_element(name, proto) -> int:
    try:
        dtype = tf.dtypes.as_dtype(proto.dtype)
    except TypeError as error:
        raise BadRequest(f"The input '{name}' is no tensor: {error}.") from error
    return _BYTES_OF_STRING if dtype == tf.string else dtype.size


def _array(name, proto):
    dtype, values = tf.dtypes.as_dtype(proto.dtype), proto.int_val
    # Those of 8 and 16 bits travel in 32, of which NumPy would drop the upper ones.
    if dtype.is_integer and values and not dtype.min <= min(values) <= max(values) <= dtype.max:
        raise BadRequest(f"The input '{name}' is of type {dtype.name}; some values lie outside it.")
    try:
        return tf.make_ndarray(proto)
    except (TypeError, ValueError, KeyError) as error:
        raise BadRequest(f"The input '{name}' is no tensor: {error}.") from error


def _filtered(outputs, names):
    unknown = sorted(set(names) - set(outputs))
    if unknown:
        raise BadRequest(f"There is no output '{unknown[0]}'; there are {', '.join(outputs)}.")
    return list(names) or list(outputs)
