"""Class-wise Gaussian soft suppression with static shapes (Bodla et al. 2017)."""

import tensorflow as tf

from centernet_tf.ops.detections import Detections


def class_soft_nms(boxes, scores, classes, max_detections, sigma=0.5, floor=0.001, one_pixel=1.0):
    """Takes the best box, lowers the scores of its class by exp(-iou^2 / sigma), and goes on.

    Scores only fall, so the first `max_detections` taken are the best of all. One round a
    detection, each over all candidates of all images; compiles with XLA and converts to TFLite's
    builtin operations.

    Args:
      boxes: float32 [B, N, 4], yxyx, pixels.
      scores: float32 [B, N]; candidates of score 0 or less are left out.
      classes: int32 [B, N].
      max_detections: rows K of the result; may exceed N.
      sigma: of the Gaussian.
      floor: rounds end for an image when its best score is below this.
      one_pixel: added to widths and heights: 1 as in CornerNet's routine, 0 as in mmcv.

    Returns:
      `Detections` in the unit of `boxes`, best first; rows from `count` on are zero.
    """
    batch = tf.shape(scores)[0]
    area = _area(boxes[..., :2], boxes[..., 2:], one_pixel)
    rows, candidates = tf.range(max_detections), tf.range(tf.shape(scores)[1])

    def pick(step, left, chosen, kept_scores):
        best = tf.argmax(left, axis=-1, output_type=tf.int32)
        box, best_area, label = (
            tf.gather(value, best, batch_dims=1)[:, tf.newaxis] for value in (boxes, area, classes)
        )
        shared = _area(
            tf.maximum(box[..., :2], boxes[..., :2]),
            tf.minimum(box[..., 2:], boxes[..., 2:]),
            one_pixel,
        )
        overlap = shared / tf.maximum(best_area + area - shared, 1e-6)
        lowered = left * tf.exp(-tf.square(overlap) / sigma)
        highest = tf.reduce_max(left, axis=-1, keepdims=True)
        here = (rows == step) & (highest >= floor)
        chosen = tf.where(here, best[:, tf.newaxis], chosen)
        kept_scores = tf.where(here, highest, kept_scores)
        left = tf.where(label == classes, lowered, left)
        left = tf.where(candidates == best[:, tf.newaxis], 0.0, left)
        return step + 1, left, chosen, kept_scores

    _, _, chosen, kept_scores = tf.while_loop(
        lambda step, left, chosen, kept_scores: tf.reduce_any(left >= floor),
        pick,
        (
            0,
            tf.maximum(scores, 0.0),
            tf.fill([batch, max_detections], -1),
            tf.zeros([batch, max_detections]),
        ),
        maximum_iterations=max_detections,
    )
    kept = chosen >= 0
    row = tf.maximum(chosen, 0)
    return Detections(
        boxes=tf.where(kept[..., tf.newaxis], tf.gather(boxes, row, batch_dims=1), 0.0),
        scores=kept_scores,
        classes=tf.where(kept, tf.gather(classes, row, batch_dims=1), 0),
        count=tf.reduce_sum(tf.cast(kept, tf.int32), axis=-1),
    )


def _area(low, high, one_pixel):
    """Area of boxes from corners [..., 2]; 0 where they are turned inside out."""
    sides = tf.maximum(high - low + one_pixel, 0.0)
    return sides[..., 0] * sides[..., 1]
