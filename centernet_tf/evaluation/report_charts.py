"""The charts of a report: precision by recall, and precision by score."""

from typing import List, Sequence

import numpy as np

from centernet_tf.evaluation.bar_chart import bar_chart
from centernet_tf.evaluation.calibration import ScoreBin
from centernet_tf.evaluation.curves import line_chart

# Rows of the ten IoU thresholds 0.50, 0.55, ..., 0.95.
_SHOWN_OVERLAPS = (("IoU 0.50", 0), ("IoU 0.75", 5), ("IoU 0.90", 8))


def precision_recall_charts(precision: np.ndarray, names: Sequence[str]) -> List[str]:
    """Returns a chart of the mean over classes, and one of each class.

    Args:
      precision: of `CocoScores`, [10, 101, C].
      names: of the C classes; those without objects are left out.
    """
    defined = [k for k in range(len(names)) if precision[0, 0, k] > -1]
    if not defined:
        return []
    charts = [_curve(precision[:, :, defined].mean(axis=-1), f"mean of {len(defined)} classes")]
    if len(defined) == 1:
        charts = []
    return charts + [_curve(precision[:, :, k], names[k]) for k in defined]


def _curve(precision, title):
    recalls = np.linspace(0, 1, precision.shape[1])
    lines = {
        name: [(float(x), float(y)) for x, y in zip(recalls, precision[row])]
        for name, row in _SHOWN_OVERLAPS
    }
    return line_chart(lines, title, "recall", unit_square=True)


def calibration_charts(bins: List[ScoreBin]) -> List[str]:
    """Returns the reliability diagram, and the number of detections in each bin of scores."""
    points = [(each.mean_score, each.precision) for each in bins]
    width = bins[0].high - bins[0].low if bins else 0.1
    count = round(1 / width)
    counts = [0] * count
    for each in bins:
        counts[round(each.low / width)] = each.count
    edges = [f"{index / count:.1f}" for index in range(count + 1)]
    return [
        line_chart(
            {"detections": points, "score = precision": [(0.0, 0.0), (1.0, 1.0)]},
            "Part of the detections that is right",
            "mean score of the bin",
            unit_square=True,
        ),
        bar_chart(counts, edges, "Detections", "score"),
    ]
