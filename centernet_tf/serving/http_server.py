"""The transport of REST: limits on what clients may send, and on the time they may take."""

import io
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from absl import logging

from centernet_tf.serving.faults import (
    BadRequest,
    Busy,
    LengthRequired,
    ServingFault,
    SlowClient,
    TooLarge,
)
from centernet_tf.serving.rest_api import Answer, RestApi, fault_answer, method_of

_CHUNK = 1 << 16
# How long a client whose body was refused may go on sending it before it is cut off. Cut off at
# once, it would find a broken connection instead of the answer.
_LINGER_SECONDS = 10.0


class RestServer(ThreadingHTTPServer):
    """A thread for each connection, and not more connections than allowed."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, address, api: RestApi, options, budget):
        self.api, self.options, self.budget = api, options, budget
        self.draining = threading.Event()
        self._free = threading.BoundedSemaphore(options.max_connections)
        self._lock = threading.Lock()
        self._active = 0
        super().__init__(address, _Connection)

    def process_request(self, request, client_address):
        """Starts a thread, or says in one line that there are too many."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
            return
        body = json.dumps({"error": "Too many connections; try again later."}).encode()
        head = f"HTTP/1.1 503 Busy\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        request.settimeout(1.0)
        try:
            request.sendall(head.encode() + body)
        except OSError:
            logging.debug("A client left before it could be refused.")
        self.shutdown_request(request)

    def process_request_thread(self, request, client_address):
        """As the base class, and gives the place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request, client_address):
        """A client that leaves is no defect of ours; all else is logged."""
        logging.debug("The connection to %s ended early.", client_address, exc_info=True)

    def begin(self) -> None:
        """Counts a request that is being answered."""
        with self._lock:
            self._active += 1

    def end(self) -> None:
        """The request has its answer."""
        with self._lock:
            self._active -= 1

    def drain(self, end: float) -> bool:
        """Takes no more connections and waits for the answers; see `wait_for_answers`."""
        self.draining.set()
        self.shutdown()
        self.server_close()
        return self.wait_for_answers(end)

    def wait_for_answers(self, end: float) -> bool:
        """Waits until `end`, in `time.monotonic()`; says whether all answers were given."""
        while self._active and time.monotonic() < end:
            time.sleep(0.01)
        return not self._active


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


class _Connection(BaseHTTPRequestHandler):
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

    def do_GET(self):
        self._serve("GET")

    def do_POST(self):
        self._serve("POST")

    def _serve(self, verb: str) -> None:
        try:
            size = self._body_size()
            if self.server.draining.is_set():
                raise Busy("The server is about to stop.")
            with self.server.budget.room(size):
                self._send(self.server.api.answer(verb, self.path, self._read(size)))
        except SlowClient:
            raise
        except ServingFault as fault:
            self._refuse(fault)
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception:
            logging.exception("A defect while answering %s %s.", verb, self.path)
            self._refuse(ServingFault("The server failed; its log says why."))

    def _body_size(self) -> int:
        if self.headers.get("Transfer-Encoding"):
            raise LengthRequired("Send the body with a Content-Length, not in chunks.")
        text = self.headers.get("Content-Length", "0")
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
        answer = fault_answer(fault, method_of(getattr(self, "path", "")))
        self.server.api.count(answer, 0.0)
        self.close_connection = True
        try:
            self._send(answer)
            self.connection.shutdown(socket.SHUT_WR)
            self._timed.deadline = time.monotonic() + _LINGER_SECONDS
            while self.rfile.read1(_CHUNK):
                pass
        except (OSError, SlowClient):
            logging.debug("A client whose request was refused is gone.")

    def _send(self, answer: Answer) -> None:
        self.connection.settimeout(self.server.options.read_timeout)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        if answer.retry:
            self.send_header("Retry-After", "1")
        if self.close_connection or self.server.draining.is_set():
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def send_error(self, code, message=None, explain=None):
        """What the base class finds wrong with a request, in our words."""
        fault = ServingFault(f"The request cannot be read: {message or code}.")
        fault.status = int(code)
        self._refuse(fault)

    def send_response(self, code, message=None):
        # Faults are found before the first line is understood, too; HTTP/0.9 has no status at all.
        self.request_version = "HTTP/1.1"
        for name in ("requestline", "command"):
            if not hasattr(self, name):
                setattr(self, name, "")
        super().send_response(code, message)

    def log_message(self, format, *args):  # noqa: A002 - the base class's name
        logging.debug(format, *args)
