"""Objects that fall into the same cell of a map."""

import tensorflow as tf


def covered_by_a_later(index, mask):
    """True where a later unmasked object has the same cell.

    Args:
      index: int32 [..., M], cells as y * width + x.
      mask: bool [..., M], False for padding.

    Returns:
      bool [..., M].
    """
    same = index[..., :, tf.newaxis] == index[..., tf.newaxis, :]
    order = tf.range(tf.shape(index)[-1])
    later = order[:, tf.newaxis] < order
    return tf.reduce_any(same & mask[..., tf.newaxis, :] & later, axis=-1)


def write_cells(index, mask, values, map_size):
    """Writes the values of objects into maps of zeros; the last object of a cell wins.

    Args:
      index: int32 [B, M].
      mask: float32 [B, M], 0 for padding.
      values: float32 [B, M, C].
      map_size: (height, width) in cells.

    Returns:
      float32 [B, height, width, C].
    """
    height, width = map_size
    cells = height * width

    def write(objects):
        cell, kept, rows = objects
        place = tf.where(kept > 0, cell, cells)
        owner = tf.math.unsorted_segment_max(tf.range(tf.size(cell)), place, cells + 1)[:cells]
        found = owner >= 0
        picked = tf.gather(rows, tf.where(found, owner, 0))
        return tf.where(found[:, tf.newaxis], picked, 0.0)

    maps = tf.map_fn(write, (index, mask, values), fn_output_signature=tf.float32)
    return tf.reshape(maps, [-1, height, width, values.shape[-1]])
