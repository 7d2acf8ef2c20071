"""The memory that all requests together may take, whatever protocol they come by."""

import contextlib
import threading

from centernet_tf.serving.faults import Busy, TooLarge
from centernet_tf.serving.options import MEBIBYTE


class MemoryBudget:
    """Room for requests, taken before they need it and given back when they are answered.

    Args:
      limit: bytes.
    """

    def __init__(self, limit: int):
        self._limit = limit
        self._lock = threading.Lock()
        self._taken = 0

    @contextlib.contextmanager
    def room(self, size: int, held: int = 0):
        """Holds room while the block runs.

        Args:
          size: bytes.
          held: bytes that the same request holds already.

        Raises:
          TooLarge: the request takes more than there is for all.
          Busy: other requests leave too little.
        """
        if size + held > self._limit:
            raise TooLarge(
                f"The request takes {(size + held) / MEBIBYTE:.0f} MB of memory; there are "
                f"{self._limit / MEBIBYTE:.0f} MB for all requests. Send fewer rows, or images as "
                "encoded bytes instead of numbers."
            )
        with self._lock:
            if self._taken + size > self._limit:
                raise Busy("Other requests fill the memory; try again later.")
            self._taken += size
        try:
            yield
        finally:
            with self._lock:
                self._taken -= size
