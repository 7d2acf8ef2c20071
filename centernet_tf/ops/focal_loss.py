"""The penalty-reduced focal loss of heat-maps (CornerNet, equation 1; CenterNet, equation 1)."""

import math

import tensorflow as tf


def heatmap_focal_loss(logits, heatmap, clamp):
    """Sums the loss over every cell; the caller divides by the number of peaks.

    -(1 - p)^2 log p where the target is 1, -(1 - y)^4 p^2 log(1 - p) elsewhere, with alpha = 2,
    beta = 4.

    Args:
      logits: [B, H, W, C] of any float type.
      heatmap: float32 [B, H, W, C] in 0..1; a peak is a cell that equals 1.
      clamp: p is held in [clamp, 1 - clamp], and cells beyond get no gradient (original: 1e-4); 0
        adds 1e-12 to p inside the logarithms instead (mmdet).

    Returns:
      float32 scalar.
    """
    logits, heatmap = tf.cast(logits, tf.float32), tf.cast(heatmap, tf.float32)
    p, log_p, log_not_p = (
        tf.sigmoid(logits),
        tf.math.log_sigmoid(logits),
        tf.math.log_sigmoid(-logits),
    )
    if clamp:
        low, high = math.log(clamp), math.log1p(-clamp)
        p = tf.clip_by_value(p, clamp, 1.0 - clamp)
        log_p, log_not_p = (tf.clip_by_value(value, low, high) for value in (log_p, log_not_p))
    else:
        # log(p + 1e-12) written from the logarithm, which stays exact where p or 1 - p rounds to 1.
        log_p, log_not_p = (_log_of_sum(value, math.log(1e-12)) for value in (log_p, log_not_p))
    positive = tf.square(1.0 - p) * log_p
    negative = tf.pow(1.0 - heatmap, 4.0) * tf.square(p) * log_not_p
    return -tf.reduce_sum(tf.where(heatmap == 1.0, positive, negative))


def count_peaks(heatmap):
    """Number of cells that equal 1, as a float32 scalar: the N of the loss."""
    return tf.reduce_sum(tf.cast(heatmap == 1.0, tf.float32))


def _log_of_sum(log_value, log_epsilon):
    """log(exp(log_value) + exp(log_epsilon)) for log_value <= 0, without underflow."""
    top = tf.maximum(log_value, log_epsilon)
    return top + tf.math.log1p(tf.exp(-tf.abs(log_value - log_epsilon)))
