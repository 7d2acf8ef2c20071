"""The COCO metrics over every image of the ground truth."""

from typing import NamedTuple

import numpy as np

from centernet_tf.errors import UserError
from centernet_tf.evaluation.coco_backend import coco_evaluator

METRIC_NAMES = (
    "AP", "AP50", "AP75", "APs", "APm", "APl",
    "AR1", "AR10", "AR100", "ARs", "ARm", "ARl",
)  # fmt: skip


class CocoScores(NamedTuple):
    """What `coco_scores` returns.

    Attributes:
      metrics: of `coco_metrics`.
      precision: float [10 IoU thresholds, 101 recalls, C], the interpolated precision of each class
        in the order of the ground truth's categories, over objects of all sizes and 100 detections
        an image; -1 for a class without objects.
    """

    metrics: dict
    precision: np.ndarray


def coco_metrics(ground_truth: dict, detections: list, backend: str = "pycocotools") -> dict:
    """Scores detections against a COCO data set.

    Every image of `ground_truth` counts, also one without a detection: its objects are missed. The
    numbers are those of pycocotools' `COCOeval(..., "bbox")` with its default parameters; neither
    argument is changed.

    Args:
      ground_truth: COCO JSON as a dict with 'images', 'annotations' and 'categories'; boxes are
        xywh pixels of the original image. A missing 'area' is w * h, a missing 'iscrowd' 0.
      detections: COCO results, dicts with 'image_id', 'category_id', 'bbox' (xywh pixels) and
        'score'; may be empty.
      backend: `evaluation.coco_backend`.

    Returns:
      dict of the twelve `METRIC_NAMES` (float; -1 where there is no object to find), 'per_class'
      ({class name: {'AP', 'AP50', 'AP75', 'AR100', 'num_objects'}}, crowds not counted as
      objects), 'num_images', 'num_objects' and 'num_detections'.

    Raises:
      UserError: a detection names an image or a category that the ground truth has not, or the
        backend is not installed.
    """
    return coco_scores(ground_truth, detections, backend).metrics


def coco_scores(ground_truth: dict, detections: list, backend: str = "pycocotools") -> CocoScores:
    """Like `coco_metrics`, with the precision-recall curves that the metrics are means of."""
    _check_ids(ground_truth, detections)
    evaluator = _run(ground_truth, detections, backend)
    objects = [a for a in ground_truth["annotations"] if not a.get("iscrowd", 0)]
    metrics = {name: float(value) for name, value in zip(METRIC_NAMES, evaluator.stats)}
    metrics["per_class"] = _per_class(evaluator, ground_truth["categories"], objects)
    metrics["num_images"] = len(ground_truth["images"])
    metrics["num_objects"] = len(objects)
    metrics["num_detections"] = len(detections)
    column = {category_id: k for k, category_id in enumerate(evaluator.params.catIds)}
    order = [column[category["id"]] for category in ground_truth["categories"]]
    # Area 0 is "all", limit -1 is 100 detections an image.
    return CocoScores(metrics, evaluator.eval["precision"][:, :, order, 0, -1])


def _check_ids(ground_truth, detections):
    for key, group in (("image_id", "images"), ("category_id", "categories")):
        known = {entry["id"] for entry in ground_truth[group]}
        unknown = sorted({row[key] for row in detections} - known)
        if unknown:
            raise UserError(
                f"The detections name {len(unknown)} {group} that the ground truth has not, {key} "
                f"{unknown[0]} among them; score them against the data set they were made on."
            )


def _run(ground_truth, detections, backend):
    """Returns the accumulated and summarised evaluator."""
    truth = dict(ground_truth, annotations=_complete(ground_truth["annotations"]))
    results = [dict(row, id=i, area=_area(row), iscrowd=0) for i, row in enumerate(detections, 1)]
    return coco_evaluator(truth, results, backend)


def _complete(annotations):
    # COCOeval marks a match by the annotation's id and takes 0 for "none", so an object with id 0
    # would never be found: ids are dealt anew.
    defaults = ({"area": _area(a), "iscrowd": 0} for a in annotations)
    return [{**d, **a, "id": i} for i, (d, a) in enumerate(zip(defaults, annotations), 1)]


def _area(entry):
    return entry["bbox"][2] * entry["bbox"][3]


def _per_class(evaluator, categories, objects) -> dict:
    # Area 0 is "all", limit -1 is 100 detections an image.
    precision = evaluator.eval["precision"][:, :, :, 0, -1]
    recall = evaluator.eval["recall"][:, :, 0, -1]
    column = {category_id: k for k, category_id in enumerate(evaluator.params.catIds)}
    counts = {category["id"]: 0 for category in categories}
    for entry in objects:
        counts[entry["category_id"]] += 1
    names = [category["name"] for category in categories]
    per_class = {}
    for category in categories:
        k, name = column[category["id"]], category["name"]
        # Two categories of one name stay two rows.
        key = name if names.count(name) == 1 else f"{name} ({category['id']})"
        per_class[key] = {
            "AP": _mean(precision[:, :, k]),
            "AP50": _mean(precision[0, :, k]),
            "AP75": _mean(precision[5, :, k]),
            "AR100": _mean(recall[:, k]),
            "num_objects": counts[category["id"]],
        }
    return per_class


def _mean(values) -> float:
    """Means the defined values; -1 when none is, as pycocotools has it."""
    defined = values[values > -1]
    return float(np.mean(defined)) if defined.size else -1.0
