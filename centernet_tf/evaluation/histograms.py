"""Values sorted into the bins of a bar chart."""

import math
from typing import List, NamedTuple

import numpy as np


class Histogram(NamedTuple):
    """Counts [n] and their labels: [n] of the bars, or [n + 1] of the edges between them."""

    counts: List[int]
    labels: List[str]


class LogHistogram(NamedTuple):
    """Counts [n] of bins that are equally wide in log2, and the log2 of their edges [n + 1]."""

    counts: List[int]
    log2_edges: List[float]

    def position(self, value: float) -> float:
        """Returns where a value lies, in bars from the left edge."""
        first, second = self.log2_edges[:2]
        return (math.log2(value) - first) / (second - first)


def log2_histogram(values, bins_an_octave: int = 1, centered: bool = False) -> LogHistogram:
    """Counts positive values in bins whose edges rise by a constant factor.

    Args:
      values: positive numbers; none gives one empty bin.
      bins_an_octave: bins between a value and its double.
      centered: whether powers of two lie in the middle of bins instead of on edges.
    """
    shift = 0.5 if centered else 0.0
    places = np.floor(np.log2(np.asarray(values, np.float64)) * bins_an_octave + shift).astype(int)
    first, last = (places.min(), places.max()) if len(places) else (0, 0)
    counts = np.bincount(places - first, minlength=last - first + 1).tolist()
    edges = (np.arange(first, last + 2) - shift) / bins_an_octave
    return LogHistogram(counts, edges.tolist())


def count_histogram(values, max_bars: int = 36) -> Histogram:
    """Counts whole numbers from 0, several to a bar when there are more than `max_bars`.

    Args:
      values: integers of at least 0.
      max_bars: of the result.
    """
    values = np.asarray(values, np.int64)
    largest = int(values.max(initial=0))
    step = _round_up(math.ceil((largest + 1) / max_bars))
    counts = np.bincount(values // step, minlength=largest // step + 1).tolist()
    firsts = range(0, largest + 1, step)
    labels = [str(first) if step == 1 else f"{first}-{first + step - 1}" for first in firsts]
    return Histogram(counts, labels)


def _round_up(step):
    """The next of 1, 2, 5, 10, 20, 50, ..."""
    power = 10 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step)
