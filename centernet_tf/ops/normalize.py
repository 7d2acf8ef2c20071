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
    slope, intercept = normalizing_line(mean, std)
    return images * slope + intercept


def normalize_by_convolution(images, channel_order, mean, std):
    """Does the same in one convolution, which TFLite is faster at.

    Args:
      images: float32 [B, H, W, 3], RGB, 0..255.
      channel_order, mean, std: see `normalize`.

    Returns:
      float32 [B, H, W, 3], equal to `normalize` within rounding.
    """
    slope, intercept = normalizing_line(mean, std)
    weights = tf.linalg.diag(slope)
    if channel_order == "bgr":
        weights = weights[::-1]
    return tf.nn.conv2d(images, weights[tf.newaxis, tf.newaxis], 1, "VALID") + intercept


def normalizing_line(mean, std):
    """Slope and intercept of each channel, float32 [3]: one product and one sum a value."""
    slope = tf.constant([1.0 / value for value in std], tf.float32)
    intercept = tf.constant([-centre / value for centre, value in zip(mean, std)], tf.float32)
    return slope, intercept
