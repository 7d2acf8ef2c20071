"""The embedded server: REST and gRPC of one model, until it is told to stop."""

import socket
import threading
import time

from centernet_tf.errors import UserError
from centernet_tf.serving.http_server import RestServer
from centernet_tf.serving.memory_budget import MemoryBudget
from centernet_tf.serving.metrics import ServingMetrics
from centernet_tf.serving.options import DEFAULT_OPTIONS, ServingOptions
from centernet_tf.serving.rest_api import RestApi
from centernet_tf.serving.served_model import ServedModel
from centernet_tf.serving.stop_signal import StopSignal

NOTICE = (
    "This server is for development and for machines without containers. In production use "
    "TensorFlow Serving: see deploy/ beside the versions."
)
NO_GRPC = (
    "REST alone: gRPC needs tensorflow-serving-api (pip install 'centernet_tf[serving]'), or pass "
    "--grpc_port=-1."
)
# For clients to be told that their requests will not be answered.
_REFUSAL_SECONDS = 1.0


def _require_address(options):
    """Tells a wrong host and a taken port before a model is loaded, which takes a while."""
    with socket.socket() as probe:
        try:
            probe.bind((options.host, 0))
        # A TypeError where the name cannot be encoded.
        except (OSError, TypeError) as error:
            reason = getattr(error, "strerror", "it is no name of a host")
            raise UserError(
                f"Cannot listen at {options.host}: {reason}. Give a name or an IPv4 address of "
                "this machine as --host; 0.0.0.0 is all of them."
            ) from error
    taken = []
    for flag in ("rest_port", "grpc_port"):
        port = getattr(options, flag)
        if port > 0:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((options.host, port))
                except OSError as error:
                    taken.append(f"{options.host}:{port} ({error.strerror}), --{flag}")
    if taken:
        raise UserError(f"Cannot listen at {'; '.join(taken)}. Give another port, or 0 for any.")


class EmbeddedServer:
    """Serves one model from the moment it is made until `stop`.

    Args:
      name: of the model.
      base_path: folder of its versions.
      options: see `ServingOptions`.

    Attributes:
      rest_port, grpc_port: where it listens; `grpc_port` is None without gRPC.
      model: the `ServedModel`.

    Raises:
      UserError: no version loads, the host is none of this machine, or a port is taken.
    """

    def __init__(self, name: str, base_path: str, options: ServingOptions = DEFAULT_OPTIONS):
        self._options = options
        _require_address(options)
        self.metrics = ServingMetrics()
        self._budget = MemoryBudget(options.max_pending_bytes)
        self.model = ServedModel(name, base_path, options, self.metrics)
        self.model.start()
        self._grpc, self.grpc_port = self._start_grpc()
        try:
            api = RestApi(self.model, options, self.metrics, self._budget)
            address = (options.host, options.rest_port)
            self._rest = RestServer(address, api, options, self._budget)
        except OSError as error:
            self._stop_grpc()
            raise UserError(
                f"Cannot listen at {options.host}:{options.rest_port} ({error.strerror}); give "
                "another --rest_port."
            ) from error
        self.rest_port = self._rest.server_address[1]
        self._thread = threading.Thread(
            target=self._rest.serve_forever, args=(0.05,), name="rest", daemon=True
        )
        self._thread.start()

    def stop(self) -> bool:
        """Takes no more requests and finishes those that are there; says whether all were.

        Those that are not finished after `drain_seconds` are refused.
        """
        end = time.monotonic() + self._options.drain_seconds
        # Without an end of its own: that it stops then means that every call was answered.
        grpc_answered = self._grpc.stop(threading.TIMEOUT_MAX) if self._grpc else None
        finished = self._rest.drain(end)
        if grpc_answered:
            finished &= grpc_answered.wait(max(0.0, end - time.monotonic()))
        if finished:
            self.model.stop()
        else:
            self._abandon()
        return finished

    def _abandon(self) -> None:
        self.model.abandon()
        end = time.monotonic() + _REFUSAL_SECONDS
        if self._grpc:
            self._grpc.stop(_REFUSAL_SECONDS).wait()
        self._rest.wait_for_answers(end)

    def _start_grpc(self):
        if self._options.grpc_port < 0:
            return None, None
        try:
            from centernet_tf.serving.grpc_api import start_grpc_server
        except ImportError:
            print(NO_GRPC, flush=True)
            return None, None
        return start_grpc_server(self.model, self._options, self.metrics, self._budget)

    def _stop_grpc(self) -> None:
        if self._grpc:
            self._grpc.stop(None)


def serve_until_stopped(name: str, base_path: str, options: ServingOptions) -> int:
    """Serves until SIGTERM or Ctrl-C, lets running requests finish, and returns an exit code."""
    stopped = StopSignal()
    print(NOTICE, flush=True)
    server = EmbeddedServer(name, base_path, options)
    grpc = f", gRPC at {options.host}:{server.grpc_port}" if server.grpc_port else ""
    print(
        f"Ready: http://{options.host}:{server.rest_port}/ shows a page, "
        f"/v1/models/{name}:predict answers{grpc}.",
        flush=True,
    )
    stopped.wait()
    print("Stopping; requests that are running are finished first.", flush=True)
    finished = server.stop()
    print("Stopped." if finished else "Stopped before every request was answered.", flush=True)
    return 0 if finished else 1
