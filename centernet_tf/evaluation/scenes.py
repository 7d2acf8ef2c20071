"""Ground truth and detections image by image, as arrays."""

from typing import List, NamedTuple

import numpy as np


class Scene(NamedTuple):
    """One image: its N objects and its M best detections, best first.

    Attributes:
      image_id, file_name: of the ground truth.
      truth_boxes, found_boxes: float64 [N, 4] and [M, 4], yxyx, pixels of the original image.
      truth_classes, found_classes: int [N] and [M], positions in the ground truth's categories.
      truth_crowd: bool [N].
      truth_areas: float64 [N], as annotated.
      found_scores: float64 [M].
    """

    image_id: int
    file_name: str
    truth_boxes: np.ndarray
    truth_classes: np.ndarray
    truth_crowd: np.ndarray
    truth_areas: np.ndarray
    found_boxes: np.ndarray
    found_classes: np.ndarray
    found_scores: np.ndarray


def make_scenes(ground_truth: dict, detections: list, max_detections: int = 100) -> List[Scene]:
    """Returns a `Scene` for each image, in the order of the ground truth.

    Args:
      ground_truth: COCO data set as a dict.
      detections: COCO results.
      max_detections: the best of an image, all classes together; ties in the order given.
    """
    class_of = {entry["id"]: i for i, entry in enumerate(ground_truth["categories"])}
    truth, found = _by_image(ground_truth["annotations"]), _by_image(detections)
    scenes = []
    for image in ground_truth["images"]:
        objects, results = truth.get(image["id"], []), found.get(image["id"], [])
        results = sorted(results, key=lambda row: -row["score"])[:max_detections]
        truth_boxes = _boxes(objects)
        areas = [row.get("area", row["bbox"][2] * row["bbox"][3]) for row in objects]
        scenes.append(
            Scene(
                image_id=image["id"],
                file_name=str(image.get("file_name", image["id"])),
                truth_boxes=truth_boxes,
                truth_classes=np.array([class_of[row["category_id"]] for row in objects], int),
                truth_crowd=np.array([bool(row.get("iscrowd", 0)) for row in objects], bool),
                truth_areas=np.array(areas, np.float64),
                found_boxes=_boxes(results),
                found_classes=np.array([class_of[row["category_id"]] for row in results], int),
                found_scores=np.array([row["score"] for row in results], np.float64),
            )
        )
    return scenes


def _by_image(rows):
    groups = {}
    for row in rows:
        groups.setdefault(row["image_id"], []).append(row)
    return groups


def _boxes(rows):
    xywh = np.array([row["bbox"] for row in rows], np.float64).reshape(-1, 4)
    first = xywh[:, 1::-1]
    return np.concatenate([first, first + xywh[:, 3:1:-1]], axis=-1)
