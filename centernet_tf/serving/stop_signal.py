"""SIGTERM and Ctrl-C as something that a program waits for."""

import signal
import threading

# Seconds between two looks. The system may hand a signal to any thread; Python runs the handler in
# the main thread alone, and only once that comes back from waiting.
_LOOK = 0.2


class StopSignal:
    """Takes SIGTERM and SIGINT from when it is made; only in the main thread."""

    def __init__(self):
        self._came = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._came.set())

    def wait(self) -> None:
        """Returns when one of them has come."""
        while not self._came.wait(_LOOK):
            pass
