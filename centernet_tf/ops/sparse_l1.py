"""L1 loss of regression maps at the cells of objects."""

import tensorflow as tf


def gather_cells(maps, index):
    """Values of maps [B, H, W, C] at flat cells [B, M] (y * W + x) -> [B, M, C]."""
    cells, channels = maps.shape[1:3].num_elements(), maps.shape[3]
    shape = [-1, cells, channels] if cells else [tf.shape(maps)[0], -1, channels]
    return tf.gather(tf.reshape(maps, shape), index, batch_dims=1)


def sparse_l1_loss(maps, index, mask, target):
    """Sums |prediction - target| over the objects; the caller divides.

    Args:
      maps: [B, H, W, C] of any float type.
      index: int32 [B, M], flat cells.
      mask: float32 [B, M], 0 for padding.
      target: float32 [B, M, C].

    Returns:
      float32 scalar.
    """
    prediction = tf.cast(gather_cells(maps, index), tf.float32)
    return tf.reduce_sum(tf.abs(prediction - target) * mask[..., tf.newaxis])
