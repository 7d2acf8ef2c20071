"""Lists of objects of a fixed length, as batches need them."""

import tensorflow as tf


def pad_objects(boxes_px, classes, keep, max_boxes):
    """Drops and pads objects to exactly `max_boxes` rows; of more than that the largest stay.

    Boxes that are not finite are dropped too: records of other tools may hold such, and one of them
    would make targets, and so the loss of a whole batch, NaN. Those without extent stay, as every
    detector's `encode` passes over them.

    Args:
      boxes_px: float32 [N, 4], yxyx.
      classes: int32 [N].
      keep: bool [N], False for objects to drop.
      max_boxes: M.

    Returns:
      (boxes_px float32 [M, 4], classes int32 [M], mask bool [M]); kept objects come first, in their
      order.
    """
    keep = keep & tf.reduce_all(tf.math.is_finite(boxes_px), axis=-1)
    extent = tf.maximum(boxes_px[:, 2:] - boxes_px[:, :2], 0.0)
    rank = tf.where(keep, extent[:, 0] * extent[:, 1], -1.0)
    count = tf.minimum(tf.reduce_sum(tf.cast(keep, tf.int32)), max_boxes)
    chosen = tf.sort(tf.argsort(rank, direction="DESCENDING", stable=True)[:count])
    missing = max_boxes - count
    boxes_px = tf.pad(tf.gather(boxes_px, chosen), [[0, missing], [0, 0]])
    classes = tf.pad(tf.gather(classes, chosen), [[0, missing]])
    mask = tf.range(max_boxes) < count
    return (
        tf.ensure_shape(boxes_px, [max_boxes, 4]),
        tf.ensure_shape(classes, [max_boxes]),
        tf.ensure_shape(mask, [max_boxes]),
    )
