"""Associative embedding: tags that say which corners belong together (CornerNet, section 3.3)."""

import tensorflow as tf


def pull_push_losses(tl_tags, br_tags, mask):
    """Pulls the two tags of an object together and pushes the means of objects apart, margin 1.

    With n objects in an image: pull is the sum of the squared distances of both tags to their mean,
    over n; push is the mean over pairs of objects of max(0, 1 - distance of their means), 0 for
    fewer than two objects. The original adds 1e-4 to its divisors, and a constant of nearly 1 for
    an image of one object.

    Args:
      tl_tags, br_tags: float32 [B, M], read at the corners.
      mask: float32 [B, M], 0 for padding.

    Returns:
      (pull, push), float32 scalars, each summed over the images, as both originals do.
    """
    count = tf.reduce_sum(mask, axis=-1)
    middle = (tl_tags + br_tags) / 2.0
    spread = tf.square(tl_tags - middle) + tf.square(br_tags - middle)
    pull = tf.reduce_sum(spread * mask, axis=-1) / tf.maximum(count, 1.0)

    apart = tf.abs(middle[:, :, tf.newaxis] - middle[:, tf.newaxis, :])
    pairs = mask[:, :, tf.newaxis] * mask[:, tf.newaxis, :]
    pairs *= 1.0 - tf.eye(tf.shape(mask)[1])
    closeness = tf.reduce_sum(tf.maximum(1.0 - apart, 0.0) * pairs, axis=[1, 2])
    push = closeness / tf.maximum(count * (count - 1.0), 1.0)
    return tf.reduce_sum(pull), tf.reduce_sum(push)
