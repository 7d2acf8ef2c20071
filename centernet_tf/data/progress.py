"""A progress bar for a person at a terminal; nothing where the output goes to a file."""

import sys
import time


class ProgressBar:
    """Draws `label  350/1200  |####      |  410/s` on one line of standard error."""

    def __init__(self, label: str, total: int, stream=None):
        self._label, self._total, self._done = label, max(total, 1), 0
        self._stream = stream or sys.stderr
        self._visible = self._stream.isatty()
        self._start = time.monotonic()
        self._drawn = 0.0

    def advance(self) -> None:
        """Counts one more as done."""
        self._done += 1
        now = time.monotonic()
        if self._visible and (now - self._drawn > 0.1 or self._done >= self._total):
            self._drawn = now
            self._draw(self._done / max(now - self._start, 1e-6))

    def close(self) -> None:
        """Leaves the line as it is and goes on to the next."""
        if self._visible:
            self._stream.write("\n")

    def _draw(self, rate: float) -> None:
        filled = "#" * int(20 * self._done / self._total)
        self._stream.write(
            f"\r{self._label}  {self._done}/{self._total}  |{filled:<20}|  {rate:.0f}/s "
        )
        self._stream.flush()
