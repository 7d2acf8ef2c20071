"""Writing values into zeros, the largest of each place."""

import tensorflow as tf


def scatter_max(index, values, size):
    """Returns zeros with values written to them; of several for one place, the largest.

    `tf.tensor_scatter_nd_max` copies the zeros on CPUs, which for a batch of heat-maps takes longer
    than all else; this goes over them once.

    Args:
      index: int32 [N].
      values: float32 [N], not negative.
      size: int32 scalar.

    Returns:
      float32 [size].
    """
    place, slot = tf.unique(index)
    largest = tf.math.unsorted_segment_max(values, slot, tf.size(place))
    return tf.scatter_nd(place[:, tf.newaxis], largest, [size])
