"""How fast a part of a training goes."""

import time
from typing import NamedTuple


class Pace(NamedTuple):
    """Seconds taken, images a second, and the share of the time spent waiting for input, 0..1."""

    seconds: float
    images_per_second: float
    data_wait: float


class Stopwatch:
    """Measures from when it is made."""

    def __init__(self, trainer, global_batch_size: int):
        """Takes the model of `fit`, whose training function is a `TimedInput`, and its batch."""
        self._trainer, self._batch = trainer, global_batch_size
        self._started, self._waited = time.perf_counter(), self._waited_so_far()

    def pace(self, steps: int) -> Pace:
        """Returns the pace of so many steps, all since the start."""
        seconds = max(time.perf_counter() - self._started, 1e-9)
        waited = self._waited_so_far() - self._waited
        return Pace(seconds, steps * self._batch / seconds, min(waited / seconds, 1.0))

    def _waited_so_far(self) -> float:
        return getattr(self._trainer.train_function, "seconds_waited", 0.0)
