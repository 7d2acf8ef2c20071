"""Greedy suppression of overlapping boxes of a class, with static shapes."""

import tensorflow as tf

from centernet_tf.ops.detections import Detections


def class_nms(boxes, scores, classes, iou_threshold, max_detections):
    """Keeps the best box, drops what overlaps it in its class, and goes on with the best left.

    One round a detection, each over all candidates of all images, so memory grows with the number
    of candidates and not with its square, and rounds end when nothing is left. Compiles with XLA
    and converts to TFLite's builtin operations. What overlaps by exactly the threshold stays, as in
    mmcv and detectron2; of equal scores the earlier candidate is taken.

    Args:
      boxes: float32 [B, N, 4], yxyx, any unit.
      scores: float32 [B, N]; candidates of score 0 or less are left out.
      classes: int32 [B, N].
      iou_threshold: intersection over union above which a box is dropped.
      max_detections: rows K of the result; may exceed N.

    Returns:
      `Detections` in the unit of `boxes`, best first; rows from `count` on are zero.
    """
    batch, num_candidates = tf.shape(scores)[0], tf.shape(scores)[1]
    area = _area(boxes[..., :2], boxes[..., 2:])
    rows, candidates = tf.range(max_detections), tf.range(num_candidates)

    def pick(step, left, chosen):
        best = tf.argmax(left, axis=-1, output_type=tf.int32)
        box = tf.gather(boxes, best, batch_dims=1)[:, tf.newaxis]
        best_area, label = (
            tf.gather(value, best, batch_dims=1)[:, tf.newaxis] for value in (area, classes)
        )
        shared = _area(
            tf.maximum(box[..., :2], boxes[..., :2]), tf.minimum(box[..., 2:], boxes[..., 2:])
        )
        # A product, as boxes without extent have no quotient.
        covered = shared > iou_threshold * (best_area + area - shared)
        dropped = (covered & (label == classes)) | (candidates == best[:, tf.newaxis])
        found = tf.reduce_max(left, axis=-1, keepdims=True) > 0.0
        chosen = tf.where((rows == step) & found, best[:, tf.newaxis], chosen)
        return step + 1, tf.where(dropped, 0.0, left), chosen

    _, _, chosen = tf.while_loop(
        lambda step, left, chosen: tf.reduce_any(left > 0.0),
        pick,
        (0, scores, tf.fill([batch, max_detections], -1)),
        maximum_iterations=max_detections,
    )
    kept = chosen >= 0
    row = tf.maximum(chosen, 0)
    picked = [tf.gather(value, row, batch_dims=1) for value in (boxes, scores, classes)]
    return Detections(
        boxes=tf.where(kept[..., tf.newaxis], picked[0], 0.0),
        scores=tf.where(kept, picked[1], 0.0),
        classes=tf.where(kept, picked[2], 0),
        count=tf.reduce_sum(tf.cast(kept, tf.int32), axis=-1),
    )


def _area(low, high):
    """Area of boxes from corners [..., 2]; 0 where they are turned inside out."""
    sides = tf.maximum(high - low, 0.0)
    return sides[..., 0] * sides[..., 1]
