"""Which detection found which object, by COCO's rule at one overlap."""

import numpy as np

# Instead of an object: nothing was found, or only a part of a crowd, which is neither right nor
# wrong.
NOTHING, IN_CROWD = -1, -2


def match(scene, by_class: bool = True, iou: float = 0.5, chosen=None) -> np.ndarray:
    """Gives each detection the object it found, best detections first.

    A detection takes the object of greatest overlap that none before it took, if they overlap by
    `iou` or more. Without one it may lie in a crowd, of which its overlap is the part of itself
    inside.

    Args:
      scene: a `Scene`.
      by_class: whether classes must agree.
      iou: least overlap.
      chosen: bool [M], the detections that take part; None has all.

    Returns:
      int [M], a row of the scene's objects, `NOTHING`, or `IN_CROWD`; `NOTHING` for the others.
    """
    result = np.full(len(scene.found_scores), NOTHING)
    overlaps = box_overlaps(scene.found_boxes, scene.truth_boxes, scene.truth_crowd)
    if by_class:
        overlaps[scene.found_classes[:, None] != scene.truth_classes[None, :]] = -1.0
    takes_part = overlaps.max(axis=1, initial=-1.0) >= iou
    if chosen is not None:
        takes_part &= chosen
    free = ~scene.truth_crowd
    for row in np.flatnonzero(takes_part):
        left = np.where(free, overlaps[row], -1.0)
        best = int(np.argmax(left))
        if left[best] >= iou:
            result[row] = best
            free[best] = False
        elif np.any(overlaps[row][scene.truth_crowd] >= iou):
            result[row] = IN_CROWD
    return result


def box_overlaps(found_boxes, truth_boxes, truth_crowd) -> np.ndarray:
    """Returns float64 [M, N]: intersection over union, or with a crowd over the detection's area.

    Args:
      found_boxes: [M, 4], yxyx.
      truth_boxes: [N, 4], yxyx.
      truth_crowd: bool [N].
    """
    low = np.maximum(found_boxes[:, None, :2], truth_boxes[None, :, :2])
    high = np.minimum(found_boxes[:, None, 2:], truth_boxes[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0.0), axis=-1)
    found_areas = np.prod(found_boxes[:, 2:] - found_boxes[:, :2], axis=-1)[:, None]
    truth_areas = np.prod(truth_boxes[:, 2:] - truth_boxes[:, :2], axis=-1)[None, :]
    whole = np.where(truth_crowd[None, :], found_areas, found_areas + truth_areas - shared)
    return np.where(whole > 0, shared / np.where(whole > 0, whole, 1.0), 0.0)
