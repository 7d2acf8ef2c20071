"""In what runs differ: metrics, classes, settings, images."""

from typing import List, Sequence

from centernet_tf.evaluation.coco_metrics import METRIC_NAMES
from centernet_tf.evaluation.metrics_table import format_metric

_NAME_LETTERS = 18


def metric_rows(runs: Sequence) -> List[List[str]]:
    """Returns a row for each COCO metric: its name, the first run's value, and of each other run
    value and difference from the first."""
    return [[name, *_cells([run.metrics[name] for run in runs])] for name in METRIC_NAMES]


def class_rows(runs: Sequence, metric: str = "AP") -> List[List[str]]:
    """Returns rows as `metric_rows` for a metric of each class that any of the runs has."""
    names = dict.fromkeys(name for run in runs for name in run.metrics["per_class"])
    return [
        [name, *_cells([run.metrics["per_class"].get(name, {}).get(metric, -1) for run in runs])]
        for name in names
    ]


def header(runs: Sequence, first: str) -> List[str]:
    """Returns the head of a table of such rows."""
    return [first, runs[0].name, *(cell for run in runs[1:] for cell in (run.name, "difference"))]


def setting_rows(runs: Sequence) -> List[List[str]]:
    """Returns the settings in which the runs differ: name, then the value of each run."""
    names = dict.fromkeys(name for run in runs for name in run.settings)
    rows = [[name, *(run.settings.get(name, "-") for run in runs)] for name in names]
    return [row for row in rows if len(set(row[1:])) > 1]


def most_different(diagnoses: Sequence, count: int) -> List[int]:
    """Returns places of the images whose F1 differs most between runs, the largest first.

    Args:
      diagnoses: a `Diagnosis` of each run over the same images in the same order.
      count: of the images at most; those on which the runs agree are left out.
    """
    spreads = []
    for place in range(len(diagnoses[0].images)):
        scores = [diagnosis.images[place].f1 for diagnosis in diagnoses]
        spreads.append(max(scores) - min(scores))
    order = sorted(range(len(spreads)), key=lambda place: -spreads[place])
    return [place for place in order[:count] if spreads[place] > 0]


def comparison_text(runs: Sequence) -> str:
    """Returns metrics, classes and differing settings as lines for the terminal."""
    parts = [
        _table(header(runs, "metric"), metric_rows(runs)),
        _table(header(runs, "AP of class"), class_rows(runs)),
    ]
    settings = setting_rows(runs)
    if settings:
        parts.append(_table(["setting", *(run.name for run in runs)], settings))
    return "\n\n".join(parts)


def _cells(values) -> List[str]:
    cells = [format_metric(values[0])]
    for value in values[1:]:
        defined = value >= 0 and values[0] >= 0
        difference = f"{value - values[0]:+.3f}" if defined else "-"
        cells += [format_metric(value), difference]
    return cells


def _table(head, rows):
    head = [cell[-_NAME_LETTERS:] if place else cell for place, cell in enumerate(head)]
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    lines = []
    for row in [head, *rows]:
        first, *others = (
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths))
        )
        lines.append("  ".join([first, *others]).rstrip())
    return "\n".join(lines)
