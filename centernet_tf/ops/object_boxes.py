"""The objects of a padded list that a network of a given input size can learn."""

import tensorflow as tf


def visible_objects(boxes_px, mask, input_size):
    """Clips boxes to the input and leaves out those of which nothing is left.

    Args:
      boxes_px: float32 [..., M, 4], yxyx, pixels; may overhang the input.
      mask: bool [..., M], False for padding.
      input_size: (height, width) in pixels.

    Returns:
      (boxes float32 [..., M, 4], mask bool [..., M]).
    """
    limit = tf.constant([*input_size, *input_size], tf.float32)
    boxes_px = tf.clip_by_value(boxes_px, 0.0, limit)
    return boxes_px, mask & tf.reduce_all(boxes_px[..., 2:] > boxes_px[..., :2], axis=-1)
