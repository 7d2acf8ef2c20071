"""A client of TensorFlow Serving's gRPC PredictionService."""

from typing import List, Sequence

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from centernet_tf.serving.client_faults import RequestFailed
from centernet_tf.serving.server_address import grpc_address

_RETRIED = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
)
# What gRPC's library finds at a port that answers something else; it has no code of its own.
_NO_HTTP2 = "Failed parsing HTTP/2"


class GrpcClient:
    """Asks one model; safe to use from several threads.

    Args:
      server: `host:port`.
      model: its name.
      timeout: seconds that an answer may take.

    Raises:
      UserError: the server is no address.
    """

    def __init__(self, server: str, model: str, timeout: float = 60.0):
        self._server, self._model, self._timeout = server, model, timeout
        unlimited = [
            ("grpc.max_receive_message_length", -1),
            ("grpc.max_send_message_length", -1),
        ]
        channel = grpc.insecure_channel(grpc_address(server), options=unlimited)
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)

    def detect(self, images: Sequence[bytes]) -> List[dict]:
        """Returns the outputs of each encoded image, NumPy arrays by name.

        Raises:
          RequestFailed: the server refuses, or cannot be reached.
        """
        request = predict_pb2.PredictRequest()
        request.model_spec.name = self._model
        request.model_spec.signature_name = "serving_default"
        request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto(list(images), tf.string))
        try:
            response = self._stub.Predict(request, timeout=self._timeout)
        except grpc.RpcError as error:
            details = error.details() or ""
            if _NO_HTTP2 in details:
                raise RequestFailed(
                    f"{self._server} does not speak gRPC; if it is the port of REST, give "
                    "--protocol=rest.",
                    retry=False,
                ) from error
            # gRPC has one code for a server that is full and for a message that is too large.
            is_too_large = "larger than max" in details
            raise RequestFailed(
                f"{self._server} answered {error.code().name}: {details}",
                retry=error.code() in _RETRIED and not is_too_large,
            ) from error
        arrays = {name: tf.make_ndarray(proto) for name, proto in response.outputs.items()}
        return [
            {name: values[row] for name, values in arrays.items()} for row in range(len(images))
        ]
