"""How far a score can be taken for the chance that a detection is right."""

from typing import List, NamedTuple

import numpy as np

from centernet_tf.evaluation.shown_score import SHOWN_SCORE


class ScoreBin(NamedTuple):
    """Detections of one range of scores: how many, their mean score, and the part that is right."""

    low: float
    high: float
    count: int
    mean_score: float
    precision: float


class OperatingPoint(NamedTuple):
    """A score threshold, and what the detections from it on are worth."""

    threshold: float
    precision: float
    recall: float
    f1: float


def reliability(scores, right, bins: int = 10) -> List[ScoreBin]:
    """Returns the bins of equal width in 0..1 that hold detections.

    Args:
      scores: [D] in 0..1; the last bin has 1 inside.
      right: bool [D].
      bins: how many.
    """
    scores, right = np.asarray(scores, np.float64), np.asarray(right, bool)
    places = np.clip((scores * bins).astype(int), 0, bins - 1)
    return [
        ScoreBin(
            place / bins,
            (place + 1) / bins,
            int(np.sum(places == place)),
            float(scores[places == place].mean()),
            float(right[places == place].mean()),
        )
        for place in np.unique(places)
    ]


def calibration_error(bins: List[ScoreBin]) -> float:
    """Returns the mean distance of score and precision, by detections; 0 without any."""
    total = sum(each.count for each in bins)
    distance = sum(each.count * abs(each.mean_score - each.precision) for each in bins)
    return distance / total if total else 0.0


def best_operating_point(scores, right, num_objects: int) -> OperatingPoint:
    """Returns the score from which on detections have the highest F1.

    Args:
      scores: [D].
      right: bool [D].
      num_objects: to be found.

    Returns:
      the highest threshold of equally good ones; `SHOWN_SCORE` where nothing is right.
    """
    scores, right = np.asarray(scores, np.float64), np.asarray(right, bool)
    if not right.any() or not num_objects:
        return OperatingPoint(SHOWN_SCORE, 0.0, 0.0, 0.0)
    order = np.argsort(-scores, kind="stable")
    found, taken = np.cumsum(right[order]), np.arange(1, len(scores) + 1)
    f1 = 2 * found / (taken + num_objects)
    # Equal scores are taken together.
    last = np.append(np.diff(scores[order]) != 0, True)
    best = int(np.argmax(np.where(last, f1, -1.0)))
    return OperatingPoint(
        float(scores[order][best]),
        float(found[best] / taken[best]),
        float(found[best] / num_objects),
        float(f1[best]),
    )
