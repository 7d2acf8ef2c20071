"""The page on an evaluation: how good, what goes wrong, where, and how fast."""

import dataclasses
from typing import Dict, List, Optional, Sequence

import numpy as np

from centernet_tf.count_of import count_of
from centernet_tf.evaluation import html_page
from centernet_tf.evaluation.calibration import calibration_error
from centernet_tf.evaluation.coco_metrics import METRIC_NAMES
from centernet_tf.evaluation.confusion_table import confusion_table
from centernet_tf.evaluation.data_page import class_legend
from centernet_tf.evaluation.diagnosis import Diagnosis, worst_and_best
from centernet_tf.evaluation.metrics_table import format_metric
from centernet_tf.evaluation.report_charts import calibration_charts, precision_recall_charts
from centernet_tf.evaluation.report_pictures import error_pictures
from centernet_tf.evaluation.stage_times import StageTime

# Classes that get a curve of their own, those with most objects.
_CURVES, _PICTURES = 24, 6
_SIZE_ROWS = (
    ("all", "AP", "AR100"),
    ("small (below 32x32 px)", "APs", "ARs"),
    ("medium", "APm", "ARm"),
    ("large (from 96x96 px)", "APl", "ARl"),
)


@dataclasses.dataclass(frozen=True, eq=False)
class Report:
    """What the page shows.

    Attributes:
      title, about: plain text: what was scored on what, and with which settings.
      metrics: of `coco_metrics`.
      precision: of `CocoScores`.
      diagnosis: of the same detections.
      pixels: of `read_images`, for the images of `pictured`; empty where there are no images.
      times: of `stage_times`; None where no network was run.
    """

    title: str
    about: str
    metrics: dict
    precision: np.ndarray
    diagnosis: Diagnosis
    pixels: Dict[int, np.ndarray]
    times: Optional[Sequence[StageTime]] = None


def pictured(diagnosis: Diagnosis) -> List[int]:
    """Returns the ids of the images that the page draws."""
    worst, best = worst_and_best(diagnosis.images, _PICTURES)
    return [diagnosis.scenes[place].image_id for place in [*worst, *best]]


def write_report_page(path: str, report: Report) -> None:
    """Writes the page to `path`."""
    names = list(report.metrics["per_class"])
    parts = [
        _headline(report),
        _metrics(report.metrics),
        _curves(report, names),
        _calibration(report.diagnosis),
        _confusion(report.diagnosis, names),
        _sizes(report.diagnosis),
        *_pictures(report, names),
        *_speed(report.times),
    ]
    html_page.write_page(path, report.title, report.about, parts)


def _headline(report):
    metrics, point = report.metrics, report.diagnosis.point
    best = f"best F1, from score {point.threshold:.2f} on"
    if not point.f1:
        best = (
            f"F1: nothing is right yet; pictures and errors are from score {point.threshold:g} on"
        )
    return html_page.tiles(
        [
            ("COCO AP", format_metric(metrics["AP"])),
            ("AP at IoU 0.50", format_metric(metrics["AP50"])),
            ("AP at IoU 0.75", format_metric(metrics["AP75"])),
            ("images", f"{metrics['num_images']:,}"),
            ("objects", f"{metrics['num_objects']:,}"),
            (best, f"{point.f1:.3f}"),
        ]
    )


def _metrics(metrics):
    sizes = [
        [name, format_metric(metrics[ap]), format_metric(metrics[ar])]
        for name, ap, ar in _SIZE_ROWS
    ]
    columns = ("AP", "AP50", "AP75", "AR100")
    classes = [
        [name, *(format_metric(values[column]) for column in columns), f"{values['num_objects']:,}"]
        for name, values in metrics["per_class"].items()
    ]
    twelve = [[format_metric(metrics[name]) for name in METRIC_NAMES]]
    return html_page.section(
        "How good it is",
        html_page.table(METRIC_NAMES, twelve),
        "<p></p>",
        html_page.row(
            [
                html_page.table(("objects", "AP", "AR"), sizes),
                html_page.table(("class", *columns, "objects"), classes),
            ],
            440,
        ),
        note="COCO's metrics over all images, also those without a detection. Sizes are those of "
        "the annotations in the original image; '-' stands where there are no such objects.",
    )


def _curves(report, names):
    counts = [row["num_objects"] for row in report.metrics["per_class"].values()]
    chosen = sorted(sorted(range(len(names)), key=lambda k: -counts[k])[:_CURVES])
    charts = precision_recall_charts(report.precision[:, :, chosen], [names[k] for k in chosen])
    some = f" The {_CURVES} classes with most objects." if len(names) > _CURVES else ""
    return html_page.section(
        "Precision by recall",
        html_page.row(charts, 320),
        note="Interpolated as COCO does: the highest precision at this recall or a higher one."
        + some,
    )


def _calibration(diagnosis):
    error = calibration_error(diagnosis.bins)
    return html_page.section(
        "What a score is worth",
        html_page.row(calibration_charts(diagnosis.bins), 380),
        note="A detection is right when it overlaps an object of its class, that no better one "
        "took, by half (IoU 0.50). Above the diagonal scores are too low, below it too high; the "
        f"mean distance from it, by detections, is {error:.3f}. Detections in crowds do not count.",
    )


def _confusion(diagnosis, names):
    point = diagnosis.point
    return html_page.section(
        "What is taken for what",
        confusion_table(diagnosis.confusion, names),
        note="Objects (rows) by the class detected on them (columns), matched at IoU 0.50 whatever "
        f"the class, detections with a score of at least {point.threshold:.3f}, where F1 is "
        f"highest (precision {point.precision:.3f}, recall {point.recall:.3f}). 'missed' are "
        "objects without a detection, 'hallucinated' detections without an object; shades are "
        "parts of the row.",
    )


def _sizes(diagnosis):
    rows = []
    for each in diagnosis.sizes:
        rows.append(
            [
                each.size,
                f"{each.objects:,}",
                f"{each.missed:,}",
                _part(each.missed, each.objects),
                f"{each.detections:,}",
                f"{each.hallucinated:,}",
                _part(each.hallucinated, each.detections),
            ]
        )
    return html_page.section(
        "What is missed and hallucinated, by size",
        html_page.table(("size", "objects", "missed", "", "detections", "hallucinated", ""), rows),
        note="Class by class at IoU 0.50 and the score above, so that an object taken for another "
        "class is missed, and its detection hallucinated. Objects by their annotated area, "
        "detections by that of their box; small is below 32x32 px, large from 96x96 px.",
    )


def _part(count, total):
    return f"{count / total:.0%}" if total else "-"


def _pictures(report, names):
    worst, best = worst_and_best(report.diagnosis.images, _PICTURES)
    for title, places in (("Worst images", worst), ("Best images", best)):
        pictures = error_pictures(report.diagnosis, places, report.pixels, names)
        if pictures:
            yield html_page.section(
                title,
                class_legend(names),
                html_page.row([html_page.picture(*each) for each in pictures], 520),
                note=f"By the F1 of the image, of {count_of(len(report.diagnosis.images), 'image')}"
                "; left the ground truth, right what was found. Written out are the errors alone: "
                "objects missed, and detections of nothing with their scores.",
            )


def _speed(times):
    if times:
        rows = [[each.stage, *(f"{ms:.2f}" for ms in each[1:4]), str(each.count)] for each in times]
        yield html_page.section(
            "Speed by stage",
            html_page.table(("stage", "median ms an image", "least", "greatest", "n"), rows),
            note="Measured after the evaluation on images of its own: the input one image at a "
            "time, network and decoder in the evaluation's batches.",
        )
