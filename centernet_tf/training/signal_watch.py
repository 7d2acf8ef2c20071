"""Obeying a second Ctrl-C while the main thread is inside TensorFlow.

Python runs handlers of signals in the main thread, between two instructions of its own. A thread
that waits for a batch, of a tf.data service without workers for instance, comes to none.
"""

import os
import signal
import socket
import threading

# Seconds in which the main thread usually comes back, and its own handler does what is to be done.
PATIENCE = 3.0


class SignalWatch:
    """Reads which signals come between `start` and `stop`, both called in the main thread.

    Attributes:
      heard: set it in the handler of the first signal.
    """

    def __init__(self):
        self.heard = threading.Event()
        self._ended = threading.Event()
        self._reader = self._writer = None

    def start(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._read, name="signals", daemon=True).start()

    def stop(self) -> None:
        self._ended.set()
        signal.set_wakeup_fd(self._before)
        self._writer.close()

    def _read(self) -> None:
        count = 0
        with self._reader:
            while number := self._reader.recv(1):
                if number[0] not in (signal.SIGINT, signal.SIGTERM):
                    continue
                count += 1
                if count == 1 and not self.heard.wait(PATIENCE):
                    print(
                        "\nWaiting for what is under way; Ctrl-C ends at once, unsaved.", flush=True
                    )
                elif count > 1 and number[0] == signal.SIGINT and not self._ended.wait(PATIENCE):
                    print("\nEnded at once, unsaved.", flush=True)
                    os._exit(128 + signal.SIGINT)
