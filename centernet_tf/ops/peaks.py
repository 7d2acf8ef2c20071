"""Peaks of heat-maps: the max-pool filter that stands in for box suppression, and the best K."""

import tensorflow as tf


def keep_peaks(heatmap, kernel_size):
    """Puts -infinity where a cell is not the maximum of its window.

    Equality decides, so a plateau keeps all its members, as in the originals. Works on logits as on
    probabilities: the sigmoid does not change the order.

    Args:
      heatmap: float32 [B, H, W, C].
      kernel_size: odd window side in cells.
    """
    highest = tf.nn.max_pool2d(heatmap, kernel_size, strides=1, padding="SAME")
    return tf.where(heatmap == highest, heatmap, heatmap.dtype.min)


def top_peaks(heatmap, k):
    """The k largest values of every image over all cells and classes.

    Args:
      heatmap: float32 [B, H, W, C] with static H, W, C.
      k: how many; at most H * W * C.

    Returns:
      values float32 [B, k] falling, cell int32 [B, k] (y * W + x), classes int32 [B, k]. Equal
      values come in the order of cell, then class.
    """
    height, width, num_classes = heatmap.shape[1:]
    flat = tf.reshape(heatmap, [-1, height * width * num_classes])
    values, index = tf.math.top_k(flat, k=k, sorted=True)
    return values, index // num_classes, index % num_classes
