"""One connection of REST: limits on what its client may send, and on the time it may take."""

import io
import socket
import time
from http.server import BaseHTTPRequestHandler

from absl import logging

from centernet_tf.serving.faults import (
    BadRequest,
    Busy,
    LengthRequired,
    ServingFault,
    SlowClient,
    TooLarge,
)
from centernet_tf.serving.rest_api import Answer, fault_answer, method_of

_CHUNK = 1 << 16
# How long a client whose body was refused may go on sending it before it is cut off.
_LINGER_SECONDS = 10.0


def linger(connection: socket.socket, seconds: float) -> None:
    """Ends an answer, and reads what the client still sends for so many seconds at most.

    Cut off at once, it would find a broken connection instead of the answer.

    Raises:
      OSError: the client is gone.
    """
    connection.shutdown(socket.SHUT_WR)
    end = time.monotonic() + seconds
    left = seconds
    while left > 0:
        connection.settimeout(left)
        if not connection.recv(_CHUNK):
            return
        left = end - time.monotonic()


class _TimedSocket(io.RawIOBase):
    """Reads of a connection that share one deadline, however few bytes each of them brings."""

    def __init__(self, connection):
        self._connection = connection
        self.deadline = 0.0

    def readable(self):
        return True

    def readinto(self, buffer):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise SlowClient("The request did not arrive in time.")
        self._connection.settimeout(left)
        try:
            return self._connection.recv_into(buffer)
        except TimeoutError as error:
            raise SlowClient("The request did not arrive in time.") from error


class Connection(BaseHTTPRequestHandler):
    """One connection, kept alive for several requests."""

    protocol_version = "HTTP/1.1"
    server_version = "centernet_tf"
    sys_version = ""

    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._timed = _TimedSocket(self.connection)
        self.rfile = io.BufferedReader(self._timed, _CHUNK)

    def handle_one_request(self):
        options = self.server.options
        self._timed.deadline = time.monotonic() + options.idle_timeout
        try:
            if not self.rfile.peek(1):
                self.close_connection = True
                return
        except (SlowClient, ConnectionError):
            self.close_connection = True
            return
        self._timed.deadline = time.monotonic() + options.read_timeout
        # Faults are found before the first line is understood, too; none is of the last request.
        self.requestline = self.command = self.path = ""
        self.server.begin()
        try:
            super().handle_one_request()
        except SlowClient as fault:
            self._refuse(fault)
        finally:
            self.server.end()

    def handle_expect_100(self):
        """A client that asks first is told at once when its body will not be taken."""
        try:
            self._body_size()
        except ServingFault as fault:
            self._refuse(fault)
            return False
        return super().handle_expect_100()

    def _serve(self) -> None:
        verb = self.command
        try:
            size = self._body_size()
            if self.server.draining.is_set():
                raise Busy("The server is about to stop.")
            with self.server.budget.room(size):
                answer = self.server.api.answer(verb, self.path, self._read(size))
            # Whoever has this answer may send the next request, which needs the room.
            self._send(answer)
        except SlowClient:
            raise
        except ServingFault as fault:
            self._refuse(fault)
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception:
            logging.exception("A defect while answering %s %s.", verb, self.path)
            self._refuse(ServingFault("The server failed; its log says why."))

    # The base class looks these names up; a verb that has none is answered with 501.
    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = _serve

    def _body_size(self) -> int:
        if self.headers.get("Transfer-Encoding"):
            raise LengthRequired("Send the body with a Content-Length, not in chunks.")
        lengths = self.headers.get_all("Content-Length", ["0"])
        # A proxy before this server may go by another one than we would.
        if len(lengths) > 1:
            raise BadRequest(f"There must be one Content-Length; got {len(lengths)} of them.")
        (text,) = lengths
        if not text.isdecimal():
            raise BadRequest(f"The Content-Length must be a number; got '{text[:40]}'.")
        limit = self.server.options.max_body_bytes
        if len(text) > 18 or int(text) > limit:
            raise TooLarge(f"The body has {text[:18]} bytes; at most {limit} are taken.")
        return int(text)

    def _read(self, size: int) -> bytes:
        parts, missing = [], size
        while missing:
            part = self.rfile.read1(min(missing, _CHUNK))
            if not part:
                raise BadRequest(f"The body ended {missing} bytes early.")
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _refuse(self, fault: ServingFault) -> None:
        """Answers a request that was not read to its end, and closes the connection."""
        answer = fault_answer(fault, method_of(self.path))
        self.server.api.count(answer)
        self.close_connection = True
        try:
            self._send(answer)
            linger(self.connection, _LINGER_SECONDS)
        except OSError:
            logging.debug("A client whose request was refused is gone.")

    def _send(self, answer: Answer) -> None:
        self.connection.settimeout(self.server.options.read_timeout)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        if answer.retry:
            self.send_header("Retry-After", "1")
        if answer.allowed:
            self.send_header("Allow", answer.allowed)
        if self.close_connection or self.server.draining.is_set():
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def send_error(self, code, message=None, explain=None):
        """What the base class finds wrong with a request, in our words."""
        fault = ServingFault(f"The request cannot be read: {message or code}.")
        fault.status = int(code)
        self._refuse(fault)

    def send_response(self, code, message=None):
        # HTTP/0.9 has no status at all.
        self.request_version = "HTTP/1.1"
        super().send_response(code, message)

    def log_message(self, format, *args):  # noqa: A002 - the base class's name
        logging.debug(format, *args)
