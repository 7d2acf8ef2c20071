"""Peaks of heat-maps: the max-pool filter that stands in for box suppression, and the best K."""

import tensorflow as tf


def keep_peaks(heatmap, kernel_size):
    """Puts -infinity where a cell is not the maximum of its window.

    Equality decides, so a plateau keeps all its members, as in the originals. Works on logits as on
    probabilities: the sigmoid does not change the order.

    Args:
      heatmap: float32 [B, H, W, C].
      kernel_size: odd window side in cells; 1 keeps everything.
    """
    if kernel_size == 1:
        return heatmap
    highest = tf.nn.max_pool2d(heatmap, kernel_size, strides=1, padding="SAME")
    return tf.where(heatmap == highest, heatmap, heatmap.dtype.min)


def top_peaks(heatmap, k):
    """The k largest values of every image over all cells and classes.

    Works in two steps, exactly: at most k cells can hold one of the k largest values, so the k
    cells with the largest maxima over the classes hold them all. With 80 classes that takes a tenth
    of the time of one search over every value.

    Args:
      heatmap: float32 [B, H, W, C] with static C.
      k: how many, a number or an int32 scalar; at most H * W * C.

    Returns:
      values float32 [B, k] falling, cell int32 [B, k] (y * W + x), classes int32 [B, k]. Equal
      values come in the order of the cells' maxima, then of the cells, then of the classes.
    """
    num_classes = heatmap.shape[3]
    cells = heatmap.shape[1:3].num_elements()
    shape = [-1, cells, num_classes] if cells else [tf.shape(heatmap)[0], -1, num_classes]
    by_cell = tf.reshape(heatmap, shape)
    known = cells and isinstance(k, int)
    num_cells = min(k, cells) if known else tf.minimum(k, tf.shape(by_cell)[1])
    _, best_cells = tf.math.top_k(tf.reduce_max(by_cell, axis=-1), k=num_cells)
    candidates = tf.gather(by_cell, best_cells, batch_dims=1)
    candidates = tf.reshape(candidates, [-1, num_cells * num_classes])
    values, index = tf.math.top_k(candidates, k=k)
    cell = tf.gather(best_cells, index // num_classes, batch_dims=1)
    return values, cell, index % num_classes
