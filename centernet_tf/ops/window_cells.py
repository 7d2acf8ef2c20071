"""The cells of many windows of a map as one list."""

import tensorflow as tf


def window_cells(first, extent):
    """Lists the cells of windows, window by window and row by row.

    The length depends on the data: for tf.data, not for XLA.

    Args:
      first: int32 [N, 2], (y, x) of the first cell of each window.
      extent: int32 [N, 2], (height, width) in cells; a window without extent has no cells.

    Returns:
      owner: int32 [cells], the window of each cell.
      place: int32 [cells, 2], its (y, x).
    """
    count = extent[:, 0] * extent[:, 1]
    start, total = tf.cumsum(count, exclusive=True), tf.reduce_sum(count)
    # Not tf.repeat, which makes a table of N rows as wide as the largest window. Windows without
    # cells at the end start behind the last cell.
    starting = tf.scatter_nd(start[:, tf.newaxis], tf.ones_like(start), [total + 1])
    owner = tf.cumsum(starting)[:total] - 1
    within = tf.range(total) - tf.gather(start, owner)
    width = tf.gather(extent[:, 1], owner)
    place = tf.gather(first, owner) + tf.stack([within // width, within % width], axis=-1)
    return owner, place
