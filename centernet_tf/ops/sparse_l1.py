"""L1 loss of regression maps at the cells of objects."""

import tensorflow as tf


def gather_cells(maps, index):
    """Values of maps [B, H, W, C] at flat cells [B, M] (y * W + x) -> [B, M, C]."""
    cells, channels = maps.shape[1:3].num_elements(), maps.shape[3]
    shape = [-1, cells, channels] if cells else [tf.shape(maps)[0], -1, channels]
    return tf.gather(tf.reshape(maps, shape), index, batch_dims=1)


def gather_class_cells(maps, index, classes):
    """Values of an object's own class at its cell.

    Args:
      maps: [B, H, W, 2] for all classes, or [B, H, W, 2 C], the pairs of class 0 first.
      index: int32 [B, M], flat cells.
      classes: int32 [B, M].

    Returns:
      [B, M, 2].
    """
    values = gather_cells(maps, index)
    if values.shape[-1] == 2:
        return values
    shape = tf.concat([tf.shape(values)[:2], [values.shape[-1] // 2, 2]], axis=0)
    return tf.gather(tf.reshape(values, shape), classes, batch_dims=2)


def sparse_l1_loss(maps, index, mask, target, classes=None):
    """Sums |prediction - target| over the objects; the caller divides.

    Args:
      maps: [B, H, W, C] of any float type.
      index: int32 [B, M], flat cells.
      mask: float32 [B, M], 0 for padding.
      target: float32 [B, M, C].
      classes: int32 [B, M] where the maps may have a pair of values for each class, see
        `gather_class_cells`; or None.

    Returns:
      float32 scalar.
    """
    picked = (
        gather_cells(maps, index) if classes is None else gather_class_cells(maps, index, classes)
    )
    prediction = tf.cast(picked, tf.float32)
    return tf.reduce_sum(tf.abs(prediction - target) * mask[..., tf.newaxis])
