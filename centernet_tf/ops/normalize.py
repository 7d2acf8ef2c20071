"""From RGB pixels to what the network was trained on."""

import tensorflow as tf


def normalize(images, channel_order, mean, std):
    """Orders the channels and standardises them.

    Args:
      images: uint8 or float [..., 3], RGB, 0..255 (augmented images may lie outside).
      channel_order: 'rgb' or 'bgr', the order of the result and of `mean` and `std`.
      mean: three floats in 0..255 units.
      std: three floats in 0..255 units.

    Returns:
      float32 [..., 3].
    """
    images = tf.cast(images, tf.float32)
    if channel_order == "bgr":
        images = tf.reverse(images, axis=[-1])
    # One product and one sum a value: the slope and intercept are folded here.
    slope = tf.constant([1.0 / value for value in std], tf.float32)
    intercept = tf.constant([-centre / value for centre, value in zip(mean, std)], tf.float32)
    return images * slope + intercept
