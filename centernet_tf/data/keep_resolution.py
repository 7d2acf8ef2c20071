"""Reading an image at its own resolution, centred on a canvas that the network's strides divide."""

import tensorflow as tf

from centernet_tf.data.encoded_image import read_pixels


def canvas_size(image_size, multiple: int, less=(0, 0)):
    """Returns int32 [2], the next larger multiples; a side that is one already grows as well.

    Args:
      image_size: int32 [2], (height, width) in pixels.
      multiple: 32, or 128 for the hourglass.
      less: (height, width) in pixels by which the canvas is smaller; 1 for detectors of corners
        with inputs such as 511.
    """
    return image_size // multiple * multiple + multiple - tf.constant(less)


def read_keep_resolution(image, multiple: int, scale: float = 1.0, less=(0, 0)):
    """Decodes an image and puts it on a black canvas (the original's `keep_res`).

    Args:
      image: `EncodedImage`.
      multiple, less: see `canvas_size`.
      scale: of a multi-scale test; the image is resized by it first.

    Returns:
      (float32 [height, width, 3], RGB, 0..255; transform float32 [3], see `ops.geometry`).
    """
    pixels, size = tf.cast(read_pixels(image), tf.float32), image.size
    if scale != 1.0:
        size = tf.cast(tf.cast(size, tf.float32) * scale, tf.int32)
        pixels = tf.image.resize(pixels, size)
    canvas = canvas_size(size, multiple, less)
    # Half of an odd side is rounded down, as in the original.
    first = canvas // 2 - size // 2
    around = tf.stack([first, canvas - first - size], axis=-1)
    pixels = tf.pad(pixels, tf.concat([around, [[0, 0]]], axis=0))
    transform = tf.concat([[scale], tf.cast(first, tf.float32)], axis=0)
    return tf.ensure_shape(pixels, [None, None, 3]), transform
