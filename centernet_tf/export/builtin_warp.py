"""The letterbox warp of `ops.geometry.warp_images` in operations that every TFLite runtime has.

`tf.image.crop_and_resize` is none of them. A letterbox keeps the axes, so bilinear sampling is a
blend of two rows and then of two columns, each a gather. The shapes follow from the image's alone,
so that no tensor is dynamic once the interpreter knows the size of its input.
"""

import tensorflow as tf

from centernet_tf.ops.geometry import draw_in
from centernet_tf.ops.normalize import normalizing_line


def warp_and_normalize(image, transform, output_size, channel_order, mean, std):
    """Warps one image bilinearly, with 0 outside it, and normalizes the result.

    `ops.geometry.warp_images` and `ops.normalize.normalize` give the same within rounding.

    Args:
      image: uint8 [1, h, w, 3], RGB.
      transform: float32 [3], image to output, see `ops.geometry`.
      output_size: (height, width) in pixels.
      channel_order, mean, std: see `ops.normalize.normalize`.

    Returns:
      float32 [1, height, width, 3].
    """
    shape = tf.shape(image)
    rows = _samples(transform[0], transform[1], shape[1], output_size[0])
    columns = _samples(transform[0], transform[2], shape[2], output_size[1])
    # Lines of one column and channel each: gathering those copies few long pieces, where gathering
    # pixels copies many of three values; and what belongs to a channel is a factor of its lines.
    lines = tf.transpose(_blend_rows(image, *rows))
    order = range(3) if channel_order == "rgb" else range(2, -1, -1)
    blended = _blend_lines(lines, *columns, list(order), *normalizing_line(mean, std))
    return tf.reshape(tf.transpose(blended), [1, *output_size, 3])


def _samples(scale, shift, side, output_side):
    """Where the output's rows (or columns) lie in the image.

    The order of operations is that of crop_and_resize. The last row of an image that fills the
    output lies exactly on its edge, and with another rounding it would lie outside and turn black.

    Returns:
      first and second neighbour, int32 [output_side]; their weights, which are 0 outside the image,
      float32 [output_side].
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
    weight = position - first
    neighbours = (tf.cast(each, tf.int32) for each in (first, second))
    return *neighbours, (1.0 - weight) * is_inside, weight * is_inside


def _blend_rows(image, first, second, first_weight, second_weight):
    """From uint8 [1, h, w, 3] to float32 [height, w * 3]."""

    def gathered(row):
        return tf.cast(tf.reshape(tf.gather(image, row, axis=1), [row.shape[0], -1]), tf.float32)

    one, other = gathered(first), gathered(second)
    return one * first_weight[:, tf.newaxis] + other * second_weight[:, tf.newaxis]


def _blend_lines(lines, first, second, first_weight, second_weight, channels, slope, intercept):
    """From float32 [w * 3, height] to [width * 3, height], with the normalization.

    Args:
      lines: a line for each column and channel, columns first.
      first, second, first_weight, second_weight: of the columns, see `_samples`.
      channels: the channels of `lines` in the order of the result.
      slope, intercept: of the result's channels, float32 [3].
    """

    def gathered(column):
        index = column[:, tf.newaxis] * len(channels) + tf.constant([channels])
        return tf.gather(lines, tf.reshape(index, [-1]))

    def factors(values):
        return tf.reshape(values[:, tf.newaxis] * slope, [-1, 1])

    shifts = tf.tile(intercept, tf.shape(first))[:, tf.newaxis]
    return (
        gathered(first) * factors(first_weight) + gathered(second) * factors(second_weight) + shifts
    )
