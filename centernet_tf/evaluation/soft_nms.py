"""Soft-NMS (Bodla et al. 2017): overlapped boxes lose score instead of being removed."""

import numpy as np

# The defaults of CenterNet's test code.
SIGMA = 0.5
SCORE_FLOOR = 0.001


def soft_nms(boxes_px, scores, sigma: float = SIGMA, score_floor: float = SCORE_FLOOR):
    """Lowers scores by exp(-iou^2 / sigma) for every better box they overlap, best box first.

    Widths are counted in whole pixels, xmax - xmin + 1, as in the original's routine. That one
    works in place and leaves stale rows behind the ones it keeps; this returns the kept ones alone.

    Args:
      boxes_px: float [N, 4], yxyx, pixels.
      scores: float [N].
      sigma: of the Gaussian.
      score_floor: boxes whose score falls below it are removed.

    Returns:
      (index int [M], scores float [M]): the boxes kept, in the order they were chosen, and their
      new scores.
    """
    scores = np.array(scores, np.float64)
    boxes = np.asarray(boxes_px, np.float64)
    waiting, kept = np.arange(len(scores)), []
    while len(waiting):
        best = waiting[np.argmax(scores[waiting])]
        kept.append(best)
        waiting = waiting[waiting != best]
        overlap = _iou(boxes[best], boxes[waiting])
        scores[waiting] *= np.exp(-(overlap**2) / sigma)
        waiting = waiting[scores[waiting] >= score_floor]
    return np.array(kept, int), scores[kept]


def _iou(box, others):
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.maximum(high - low + 1.0, 0.0), axis=-1)
    area, areas = np.prod(box[2:] - box[:2] + 1.0), np.prod(others[:, 2:] - others[:, :2] + 1.0, -1)
    return shared / (area + areas - shared)


def merge_results(results, max_detections: int):
    """Merges COCO results of the same images from several scales.

    Soft-NMS goes class by class; then the best `max_detections` of an image stay, and what ties
    with the last of them, as in the original.

    Args:
      results: list of {'image_id', 'category_id', 'bbox', 'score'}, bbox xywh in pixels.
      max_detections: of an image.

    Returns:
      list like `results`, best first in each image.
    """
    groups = {}
    for result in results:
        groups.setdefault(result["image_id"], {}).setdefault(result["category_id"], []).append(
            result
        )
    merged = []
    for classes in groups.values():
        found = [kept for group in classes.values() for kept in _suppress(group)]
        found.sort(key=lambda result: -result["score"])
        if len(found) > max_detections:
            last = found[max_detections - 1]["score"]
            found = [result for result in found if result["score"] >= last]
        merged += found
    return merged


def _suppress(group):
    boxes_xywh = np.array([result["bbox"] for result in group], np.float64)
    first = boxes_xywh[:, 1::-1]
    boxes_px = np.concatenate([first, first + boxes_xywh[:, 3:1:-1]], axis=-1)
    index, scores = soft_nms(boxes_px, [result["score"] for result in group])
    return [{**group[i], "score": float(score)} for i, score in zip(index, scores)]
