"""What a person can choose of the embedded server; the only place where these defaults stand."""

import dataclasses
import math

from centernet_tf.errors import UserError

MEBIBYTE = 2**20


@dataclasses.dataclass(frozen=True)
class ServingOptions:
    """Settings of the embedded server.

    Attributes:
      host: address to listen at; 127.0.0.1 is this machine alone.
      rest_port, grpc_port: TensorFlow Serving's own by default; 0 takes a free one, -1 leaves gRPC
        out.
      max_batch_size: images that run at once, and the most that one request may hold.
      batch_timeout_ms: how long an idle server waits, at most, for as many images as there were at
        once when it answered last.
      max_queue: requests that may wait; more are answered with 503.
      request_timeout: seconds from the last byte of a request to its answer, else 504.
      read_timeout: seconds a client may take to send a request or to take an answer, else 408.
      idle_timeout: seconds after which a connection without a request is closed.
      max_body_mb: larger bodies are answered with 413.
      max_pending_mb: memory that the requests of both protocols take at once, with the arrays that
        numbers in JSON become; more is answered with 503, one request that takes more with 413.
      max_connections: more are answered with 503.
      poll_seconds: between two looks for new versions.
      drain_seconds: how long requests may take to finish after SIGTERM.
    """

    host: str = "127.0.0.1"
    rest_port: int = 8501
    grpc_port: int = 8500
    max_batch_size: int = 16
    batch_timeout_ms: float = 10.0
    max_queue: int = 64
    request_timeout: float = 30.0
    read_timeout: float = 30.0
    idle_timeout: float = 60.0
    max_body_mb: float = 32.0
    max_pending_mb: float = 512.0
    max_connections: int = 256
    poll_seconds: float = 2.0
    drain_seconds: float = 20.0

    def __post_init__(self):
        self._check_ports()
        for name in ("max_batch_size", "max_queue", "max_connections"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} must be at least 1; got {getattr(self, name)}.")
        positive = ("request_timeout", "read_timeout", "idle_timeout", "poll_seconds")
        for name in (*positive, "max_body_mb", "max_pending_mb"):
            if not 0 < getattr(self, name) < math.inf:
                raise UserError(f"{name} must be above 0 and finite; got {getattr(self, name)}.")
        for name in ("batch_timeout_ms", "drain_seconds"):
            if not 0 <= getattr(self, name) < math.inf:
                raise UserError(f"{name} must be 0 or more; got {getattr(self, name)}.")
        # gRPC keeps the limit of a message in 32 bits.
        if self.max_body_bytes >= 2**31:
            raise UserError(f"max_body_mb must be below 2048; got {self.max_body_mb}.")

    def _check_ports(self):
        for name, lowest in (("rest_port", 0), ("grpc_port", -1)):
            port = getattr(self, name)
            if not lowest <= port <= 65535:
                raise UserError(f"{name} must be from {lowest} to 65535; got {port}.")
        if self.rest_port == self.grpc_port > 0:
            raise UserError(f"rest_port and grpc_port must differ; both are {self.rest_port}.")

    @property
    def max_body_bytes(self) -> int:
        """`max_body_mb` in bytes."""
        return int(self.max_body_mb * MEBIBYTE)

    @property
    def max_pending_bytes(self) -> int:
        """`max_pending_mb` in bytes."""
        return int(self.max_pending_mb * MEBIBYTE)


DEFAULT_OPTIONS = ServingOptions()
