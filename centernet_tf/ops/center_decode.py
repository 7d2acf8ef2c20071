"""From centre-point maps to boxes (CenterNet, section 4, "from points to bounding boxes")."""

import tensorflow as tf

from centernet_tf.ops.detections import Detections
from centernet_tf.ops.peaks import keep_peaks, top_peaks
from centernet_tf.ops.sparse_l1 import gather_cells, gather_class_cells


def decode_centers(heatmap_logits, size, offset, k, peak_kernel, stride):
    """Reads the best k boxes off the maps; no box suppression, no clipping, no score threshold.

    Args:
      heatmap_logits: [B, H, W, C]; C static, H and W where the program is compiled.
      size: [B, H, W, 2], (h, w) in map pixels; may be negative where nothing is. Or [B, H, W, 2 C],
        a pair for each class.
      offset: [B, H, W, 2], (y, x) inside the cell, or None, which takes the middle of the cell.
      k: rows of the result.
      peak_kernel: odd side of the max-pool window.
      stride: input pixels a map pixel.

    Returns:
      `Detections` in input pixels, count = k.
    """
    heatmap_logits = tf.cast(heatmap_logits, tf.float32)
    values, cell, classes = top_peaks(keep_peaks(heatmap_logits, peak_kernel), k)
    width = heatmap_logits.shape[2] or tf.shape(heatmap_logits)[2]
    corner = tf.cast(tf.stack([cell // width, cell % width], axis=-1), tf.float32)
    center = corner + (0.5 if offset is None else tf.cast(gather_cells(offset, cell), tf.float32))
    half = tf.cast(gather_class_cells(size, cell, classes), tf.float32) / 2.0
    boxes = tf.concat([center - half, center + half], axis=-1) * float(stride)
    count = tf.fill([tf.shape(values)[0]], tf.constant(k, tf.int32))
    return Detections(boxes, tf.sigmoid(values), tf.cast(classes, tf.int32), count)
