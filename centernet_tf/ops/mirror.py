"""Maps of an image and of its mirror image in one, for the flip test."""

import tensorflow as tf


def mean_logits(logits, mirrored):
    """Logits of the mean probability of a map and its mirrored one, both [B, H, W, C]."""
    mean = (tf.sigmoid(logits) + tf.sigmoid(tf.reverse(mirrored, axis=[2]))) / 2.0
    # A probability of exactly 1 must stay finite.
    return tf.math.log(mean) - tf.math.log1p(-tf.minimum(mean, 1.0 - 1e-7))


def mean_distances(distances, mirrored):
    """Mean of distances (top, left, bottom, right) [B, H, W, 4]; a mirror turns left and right."""
    turned = tf.gather(tf.reverse(mirrored, axis=[2]), [0, 3, 2, 1], axis=-1)
    return (distances + turned) / 2.0
