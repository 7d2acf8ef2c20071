"""The transport of REST: its connections, how many there may be, and the end of them."""

import threading
import time
from http.server import ThreadingHTTPServer

from absl import logging

from centernet_tf.serving.faults import Busy
from centernet_tf.serving.http_connection import Connection, linger
from centernet_tf.serving.rest_api import RestApi, fault_answer

# At most so many connections are told that there are too many, and for so long; others are cut off.
_REFUSED_AT_ONCE = 32
_REFUSAL_SECONDS = 2.0


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
        self._refusing = threading.BoundedSemaphore(_REFUSED_AT_ONCE)
        self._lock = threading.Lock()
        self._active = 0
        super().__init__(address, Connection)

    def process_request(self, request, client_address):
        """Starts a thread, or a short one that says that there are too many."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
            return
        answer = fault_answer(Busy("Too many connections; try again later."))
        self.api.count(answer)
        if self._refusing.acquire(blocking=False):
            threading.Thread(target=self._refuse, args=(request, answer), daemon=True).start()
        else:
            self.shutdown_request(request)

    def _refuse(self, request, answer) -> None:
        head = (
            f"HTTP/1.1 {answer.status} Busy\r\nContent-Type: {answer.content_type}\r\n"
            f"Content-Length: {len(answer.body)}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
        )
        try:
            request.settimeout(_REFUSAL_SECONDS)
            request.sendall(head.encode() + answer.body)
            linger(request, _REFUSAL_SECONDS)
        except OSError:
            logging.debug("A client left before it was refused.")
        finally:
            self.shutdown_request(request)
            self._refusing.release()

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
