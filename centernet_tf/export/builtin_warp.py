"""The letterbox warp of `ops.geometry.warp_images` in operations that every TFLite runtime has.

`tf.image.crop_and_resize` is none of them. A letterbox keeps the axes, so bilinear sampling is a
blend of two rows and then of two columns, each a gather. The shapes follow from the image's alone,
so that no tensor is dynamic once the interpreter knows the size of its input.
"""

import tensorflow as tf

from centernet_tf.ops.geometry import draw_in


def warp_image(image, transform, output_size):
    """Warps one image bilinearly, with 0 outside it; `warp_images` gives the same within rounding.

    Args:
      image: uint8 [1, h, w, C].
      transform: float32 [3], image to output, see `ops.geometry`.
      output_size: (height, width) in pixels.

    Returns:
      float32 [1, height, width, C] in 0..255.
    """
    shape = tf.shape(image)
    rows = _samples(transform[0], transform[1], shape[1], output_size[0])
    columns = _samples(transform[0], transform[2], shape[2], output_size[1])
    blended = _blend(image, *rows, axis=1)
    return _blend(blended, *columns, axis=2)


def _samples(scale, shift, side, output_side):
    """Where the output's rows (or columns) lie in the image.

    The order of operations is that of crop_and_resize. The last row of an image that fills the
    output lies exactly on its edge, and with another rounding it would lie outside and turn black.

    Returns:
      first and second neighbour, int32 [output_side]; weight of the second, and 1 inside the image
      or 0 outside, float32 [output_side].
    """
    last = tf.cast(side, tf.float32) - 1.0
    extent = tf.maximum(last, 1.0)
    low = draw_in(-shift / scale / extent)
    high = draw_in((output_side - 1.0 - shift) / scale / extent)
    # This maximum is a constant, but optimizers that knew it would multiply by its reciprocal.
    divisor = tf.maximum(output_side - 1.0, -last)
    step = (high - low) * last / divisor
    position = low * last + tf.range(output_side, dtype=tf.float32) * step
    is_inside = tf.cast((position >= 0.0) & (position <= last), tf.float32)
    position = tf.clip_by_value(position, 0.0, last)
    first = tf.floor(position)
    second = tf.minimum(first + 1.0, last)
    return tf.cast(first, tf.int32), tf.cast(second, tf.int32), position - first, is_inside


def _blend(values, first, second, weight, is_inside, axis):
    """Gathers the two neighbours along an axis and blends them."""
    one = tf.cast(tf.gather(values, first, axis=axis), tf.float32)
    other = tf.cast(tf.gather(values, second, axis=axis), tf.float32)
    shape = [1, 1, 1, 1]
    shape[axis] = weight.shape[0]
    # A factor that is repeated on both sides of its axis would take a slow kernel of TFLite's.
    channels = tf.ones([values.shape[3] if axis == 2 else 1])
    weight, is_inside = (tf.reshape(each, shape) * channels for each in (weight, is_inside))
    return (one + (other - one) * weight) * is_inside
