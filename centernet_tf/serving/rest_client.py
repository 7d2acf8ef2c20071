"""A client of TensorFlow Serving's REST API."""

import base64
import http.client
import json
import socket
import threading
import urllib.parse
from typing import List, Sequence

import numpy as np

from centernet_tf.serving.client_faults import RequestFailed
from centernet_tf.serving.server_address import rest_address

_RETRIED = (429, 502, 503, 504)


class RestClient:
    """Asks one model; safe to use from several threads, of which each keeps its connection.

    Args:
      server: `host:port`, or an address beginning with http:// or https://.
      model: its name.
      timeout: seconds that an answer may take.

    Raises:
      UserError: the server is no address.
    """

    def __init__(self, server: str, model: str, timeout: float = 60.0):
        self._address, self._timeout = rest_address(server), timeout
        parts = self._address
        self._path = f"{parts.path.rstrip('/')}/v1/models/{urllib.parse.quote(model)}:predict"
        self._thread = threading.local()

    def detect(self, images: Sequence[bytes]) -> List[dict]:
        """Returns the outputs of each encoded image, NumPy arrays by name.

        Raises:
          RequestFailed: the server refuses, or cannot be reached.
        """
        rows = [{"b64": base64.b64encode(image).decode()} for image in images]
        status, headers, body = self._post(json.dumps({"instances": rows}).encode())
        if status != 200:
            wait = headers.get("Retry-After", "")
            raise RequestFailed(
                f"The server answered {status}: {_error(body)}",
                retry=status in _RETRIED,
                wait=float(wait) if wait.isdecimal() else 0.0,
            )
        return _predictions(body, len(images))

    def _post(self, body: bytes):
        try:
            connection = self._connection()
            connection.request("POST", self._path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        except (OSError, http.client.HTTPException) as error:
            # The next attempt begins with a new connection.
            self._thread.connection = None
            # A server that hangs up counts as both, and may answer the next time.
            is_other = isinstance(error, http.client.BadStatusLine)
            if is_other and not isinstance(error, ConnectionError):
                raise RequestFailed(
                    f"{self._address.netloc} does not speak HTTP; if it is the port of gRPC, give "
                    "--protocol=grpc.",
                    retry=False,
                ) from error
            raise RequestFailed(
                f"Cannot reach {self._address.netloc}: {error or type(error).__name__}."
                f"{_advice(self._address, error)}",
                retry=True,
            ) from error

    def _connection(self):
        if getattr(self._thread, "connection", None) is None:
            secure = self._address.scheme == "https"
            kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
            self._thread.connection = kind(
                self._address.hostname, self._address.port, timeout=self._timeout
            )
        return self._thread.connection


def _advice(address: urllib.parse.SplitResult, error: Exception) -> str:
    """What to do about a server that was found but not reached."""
    if address.port is not None or isinstance(error, socket.gaierror):
        return ""
    usual = 443 if address.scheme == "https" else 80
    return (
        f" No port was given, so that {usual} was asked; give host:port (TensorFlow Serving's for "
        "REST is 8501)."
    )


def _error(body: bytes) -> str:
    """What a server says of a fault; TensorFlow Serving sends an object with `error`."""
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if isinstance(document, dict) and "error" in document:
        return str(document["error"])
    return _start(body)


def _predictions(body: bytes, count: int) -> List[dict]:
    try:
        rows = json.loads(body)["predictions"]
        found = [{name: np.array(value) for name, value in row.items()} for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RequestFailed(
            f"The server's answer holds no predictions by name: {_start(body)}", retry=False
        ) from error
    if len(found) != count:
        raise RequestFailed(
            f"The server answered {len(found)} predictions for {count} images.", retry=False
        )
    return found


def _start(body: bytes) -> str:
    return body[:200].decode("utf-8", "replace")
