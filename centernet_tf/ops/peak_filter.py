"""The peak filter in arithmetic that every TFLite delegate takes, with ties broken.

`ops.peaks.keep_peaks` compares for equality, which delegates leave to the CPU, and keeps every cell
of a plateau. Quantised networks make plateaus where trained ones have slopes, and each of their
cells would become a detection.
"""

import numpy as np
import tensorflow as tf

# Beyond every logit, with a sigmoid of exactly 0, and still a float16 number, which delegates on
# GPUs compute with.
_DEEP = 6e4
# Of a tilt: above the rounding of logits up to 16, and too little to change a score by 1e-5.
TIE_STEP = 4e-6


def filter_peaks(heatmap, kernel_size, break_ties=False):
    """Sinks every cell that is not the maximum of its window.

    Args:
      heatmap: float32 logits [B, H, W, C], within 1e4 of zero; static H and W if ties are broken.
      kernel_size: odd window side in cells.
      break_ties: tilt the map by a few millionths a cell, so that of a plateau the first cell alone
        is kept (of one that is not convex, one of each bulge). Of two cells of a window that differ
        by less than the tilt, either may stay.

    Returns:
      float32 [B, H, W, C]: the logits of peaks as they were, others lower by 6e4.
    """
    tilted = heatmap - _tilt(*heatmap.shape[1:3], kernel_size) if break_ties else heatmap
    highest = tf.nn.max_pool2d(tilted, kernel_size, strides=1, padding="SAME")
    # Twice, so that the smallest difference of two float32 logits sinks a cell too.
    is_lower = tf.minimum((highest - tilted) * _DEEP * _DEEP, 1.0)
    return heatmap - is_lower * _DEEP


def _tilt(height, width, kernel_size):
    """Rises along rows and columns, with slopes that leave no two cells of a window level."""
    rows, columns = np.arange(height)[:, None], np.arange(width)
    return tf.constant((kernel_size * rows + columns)[None, :, :, None] * TIE_STEP, tf.float32)
