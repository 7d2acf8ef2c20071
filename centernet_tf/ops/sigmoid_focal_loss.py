"""The focal loss of classification by cells (RetinaNet, Lin et al. 2017, equation 5)."""

import tensorflow as tf


def sigmoid_focal_loss(logits, classes, alpha=0.25, gamma=2.0):
    """Sums the loss over cells and classes; the caller divides by the number of objects' cells.

    Args:
      logits: [..., C] of any float type.
      classes: int32 [...], the class of each cell, negative for background.
      alpha: weight of a cell's own class; all others have 1 - alpha.
      gamma: exponent that lessens what is learnt already.

    Returns:
      float32 scalar.
    """
    logits = tf.cast(logits, tf.float32)
    target = tf.one_hot(classes, logits.shape[-1])
    p = tf.sigmoid(logits)
    miss = p + target - 2.0 * p * target
    weight = (1.0 - alpha + (2.0 * alpha - 1.0) * target) * tf.pow(miss, gamma)
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(target, logits)
    return tf.reduce_sum(weight * entropy)
