"""Smooth L1 loss of regression maps at the cells of objects."""

import tensorflow as tf

from centernet_tf.ops.sparse_l1 import gather_cells


def sparse_smooth_l1_loss(maps, index, mask, target):
    """Sums d^2 / 2 where |d| < 1 and |d| - 1/2 elsewhere; the caller divides.

    Args:
      maps: [B, H, W, C] of any float type.
      index: int32 [B, M], flat cells.
      mask: float32 [B, M], 0 for padding.
      target: float32 [B, M, C].

    Returns:
      float32 scalar.
    """
    prediction = tf.cast(gather_cells(maps, index), tf.float32)
    distance = tf.abs(prediction - target)
    loss = tf.where(distance < 1.0, 0.5 * tf.square(distance), distance - 0.5)
    return tf.reduce_sum(loss * mask[..., tf.newaxis])
