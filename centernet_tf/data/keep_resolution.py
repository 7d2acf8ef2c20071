"""Reading an image at its own resolution, centred on a canvas that the network's strides divide."""

import tensorflow as tf

from centernet_tf.data.encoded_image import read_pixels


def canvas_size(image_size, multiple: int):
    """Returns int32 [2], the next larger multiples; a side that is one already grows as well.

    Args:
      image_size: int32 [2], (height, width) in pixels.
      multiple: 32, or 128 for the hourglass.
    """
    return image_size // multiple * multiple + multiple


def read_keep_resolution(image, multiple: int):
    """Decodes an image and puts it, unscaled, on a black canvas (the original's `keep_res`).

    Args:
      image: `EncodedImage`.
      multiple: see `canvas_size`.

    Returns:
      (float32 [height, width, 3], RGB, 0..255; transform float32 [3], see `ops.geometry`).
    """
    canvas = canvas_size(image.size, multiple)
    # Half of an odd side is rounded down, as in the original.
    first = canvas // 2 - image.size // 2
    last = canvas - first - image.size
    around = tf.stack([first, last], axis=-1)
    pixels = tf.pad(read_pixels(image), tf.concat([around, [[0, 0]]], axis=0))
    transform = tf.concat([[1.0], tf.cast(first, tf.float32)], axis=0)
    return tf.ensure_shape(tf.cast(pixels, tf.float32), [None, None, 3]), transform
