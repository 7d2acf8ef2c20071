"""From scores and boxes on the levels of a pyramid to detections."""

from typing import NamedTuple

import tensorflow as tf

from centernet_tf.ops.nms import class_nms
from centernet_tf.ops.peaks import top_peaks
from centernet_tf.ops.pyramid import boxes_around
from centernet_tf.ops.sparse_l1 import gather_cells


class Candidates(NamedTuple):
    """What may become a detection: the best pairs of cell and class.

    Attributes:
      boxes: float32 [B, N, 4], yxyx, pixels of the network input.
      scores: float32 [B, N]; 0 where the cells gave out.
      classes: int32 [B, N].
    """

    boxes: tf.Tensor
    scores: tf.Tensor
    classes: tf.Tensor


def level_candidates(scores, distances, stride, k, factor=None):
    """Picks the k best pairs of cell and class of a level.

    Args:
      scores: float32 [B, H, W, C], 0 where nothing shall be found; C static.
      distances: [B, H, W, 4], (top, left, bottom, right) in pixels of the network input.
      stride: pixels a cell.
      k: how many; fewer where the level has fewer pairs.
      factor: float32 [B, H, W, 1], multiplied into the scores after the choice; or None.

    Returns:
      `Candidates`.
    """
    pairs = scores.shape[1:].num_elements() or tf.size(scores[0])
    k = min(k, pairs) if isinstance(pairs, int) else tf.minimum(k, pairs)
    values, cell, classes = top_peaks(scores, k)
    if factor is not None:
        values *= gather_cells(factor, cell)[..., 0]
    width = scores.shape[2] or tf.shape(scores)[2]
    corner = tf.cast(tf.stack([cell // width, cell % width], axis=-1), tf.float32)
    points = (corner + 0.5) * float(stride)
    distances = tf.cast(gather_cells(distances, cell), tf.float32)
    return Candidates(boxes_around(points, distances), values, classes)


def above_threshold(logits, score_threshold):
    """Probabilities of logits, float32; 0 where they are not above the threshold."""
    scores = tf.sigmoid(tf.cast(logits, tf.float32))
    return tf.where(scores > score_threshold, scores, 0.0)


def suppress_levels(levels, image_size, iou_threshold, max_detections):
    """Joins the candidates of all levels, clips their boxes, and suppresses class by class.

    Args:
      levels: `Candidates` of each level.
      image_size: (height, width) in pixels that boxes are clipped to, numbers or float32 scalars.
      iou_threshold: see `class_nms`.
      max_detections: rows of the result.

    Returns:
      `Detections` in pixels of the network input. Boxes without extent are left out.
    """
    boxes, scores, classes = (tf.concat(values, axis=1) for values in zip(*levels))
    limit = tf.cast(tf.stack([*image_size, *image_size]), tf.float32)
    boxes = tf.clip_by_value(boxes, 0.0, limit)
    has_extent = tf.reduce_all(boxes[..., 2:] > boxes[..., :2], axis=-1)
    scores = tf.where(has_extent, scores, 0.0)
    return class_nms(boxes, scores, tf.cast(classes, tf.int32), iou_threshold, max_detections)


def decode_pyramid(
    logits,
    distances,
    strides,
    image_size,
    score_threshold,
    level_limit,
    iou_threshold,
    max_detections,
):
    """Reads detections off class maps and box maps; the score is the class probability.

    Args:
      logits: list of [B, H, W, C], one a level.
      distances: list of [B, H, W, 4], (top, left, bottom, right) in pixels of the network input.
      strides: pixels a cell of each level.
      image_size: (height, width) in pixels that boxes are clipped to.
      score_threshold: least probability.
      level_limit: pairs of cell and class that a level may offer.
      iou_threshold: see `class_nms`.
      max_detections: rows of the result.

    Returns:
      `Detections` in pixels of the network input.
    """
    levels = [
        level_candidates(above_threshold(level, score_threshold), sides, stride, level_limit)
        for level, sides, stride in zip(logits, distances, strides)
    ]
    return suppress_levels(levels, image_size, iou_threshold, max_detections)
