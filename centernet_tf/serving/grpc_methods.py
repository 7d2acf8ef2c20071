"""The gRPC methods that are offered, what their calls have in common, and the refusal of others."""

import functools
import time
from typing import Callable, Dict, NamedTuple

import grpc
from absl import logging
from google.protobuf.message import DecodeError

from centernet_tf.serving.faults import BadRequest, NotOffered, ServingFault


class Method(NamedTuple):
    """A method: its kind for the counters, the type of its message, f(message, context)."""

    kind: str
    request_type: type
    function: Callable


class Methods(grpc.GenericRpcHandler):
    """Answers every call, counts it, and turns faults into codes.

    The base classes that come with the stubs would log a traceback for a method that is not
    offered, and gRPC for a message that cannot be read; neither would be counted.

    Args:
      methods: `Method` by its full name, '/package.Service/Name'.
      metrics: `ServingMetrics`.
    """

    def __init__(self, methods: Dict[str, Method], metrics):
        self._methods, self._metrics = methods, metrics

    def service(self, handler_call_details):
        """Returns what handles a call; for gRPC."""
        name = handler_call_details.method
        method = self._methods.get(name)
        if method is None:
            # Of a stream, nothing needs to be read for an answer.
            return grpc.stream_stream_rpc_method_handler(
                lambda _, context: self._guarded("other", lambda: self._refuse(name), context)
            )
        return grpc.unary_unary_rpc_method_handler(
            functools.partial(self._answer, method),
            request_deserializer=functools.partial(_parsed, method.request_type),
            response_serializer=lambda response: response.SerializeToString(),
        )

    def _answer(self, method: Method, request, context):
        def answer():
            if isinstance(request, ServingFault):
                raise request
            return method.function(request, context)

        return self._guarded(method.kind, answer, context)

    def _refuse(self, name: str):
        offered = ", ".join(sorted({known.rpartition("/")[2] for known in self._methods}))
        raise NotOffered(f"The methods are {offered}; got '{name}'.")

    def _guarded(self, kind: str, answer: Callable, context):
        started, code = time.monotonic(), "OK"
        try:
            response = answer()
            if kind == "predict":
                self._metrics.predicted(time.monotonic() - started)
            return response
        except ServingFault as fault:
            code = fault.code
            context.abort(grpc.StatusCode[code], fault.sentence)
        except Exception:
            code = "INTERNAL"
            logging.exception("A defect while answering %s.", kind)
            context.abort(grpc.StatusCode.INTERNAL, "The server failed; its log says why.")
        finally:
            self._metrics.request("grpc", kind, code)


def _parsed(request_type, message: bytes):
    """Returns the request, or the fault: what is raised here is logged by gRPC."""
    try:
        return request_type.FromString(message)
    except DecodeError:
        return BadRequest(f"The message cannot be read as a {request_type.DESCRIPTOR.name}.")
