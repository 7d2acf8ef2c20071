"""An image that is still encoded: its size from the header, and only the pixels that are wanted."""

from typing import NamedTuple

import tensorflow as tf

from centernet_tf.ops.window import resample_window, visible_part


class EncodedImage(NamedTuple):
    """The bytes of a JPEG, PNG, GIF (first frame) or BMP file.

    Attributes:
      encoded: string scalar.
      size: int32 [2], the real (height, width), whatever the record says.
    """

    encoded: tf.Tensor
    size: tf.Tensor


def open_image(encoded):
    """Reads the size of an image; only GIF and BMP are decoded for it.

    Args:
      encoded: string scalar.

    Returns:
      `EncodedImage`.

    Raises:
      tf.errors.InvalidArgumentError: the bytes are no image that TensorFlow reads.
    """
    size = tf.case(
        [(_is_jpeg(encoded), lambda: tf.image.extract_jpeg_shape(encoded)[:2])],
        default=lambda: tf.cond(
            _has_png_header(encoded),
            lambda: _png_size(encoded),
            lambda: tf.shape(_decode(encoded))[:2],
        ),
    )
    return EncodedImage(encoded, tf.ensure_shape(size, [2]))


def read_pixels(image):
    """Returns the whole image, uint8 [h, w, 3], RGB."""
    return _decode(image.encoded)


def read_region(image, region):
    """Decodes a part of the image; of a JPEG only the blocks that it touches.

    Args:
      image: `EncodedImage`.
      region: int32 [4], (top, left, height, width), inside the image.

    Returns:
      uint8 [height, width, 3], RGB.
    """
    pixels = tf.cond(
        _is_jpeg(image.encoded),
        lambda: tf.image.decode_and_crop_jpeg(image.encoded, region, channels=3),
        lambda: tf.slice(
            _decode(image.encoded),
            tf.concat([region[:2], [0]], axis=0),
            tf.concat([region[2:], [3]], axis=0),
        ),
    )
    return tf.ensure_shape(pixels, [None, None, 3])


def read_window(image, window, output_size):
    """Reads what a window shows and resamples it to the output.

    Args:
      image: `EncodedImage`.
      window: `ops.window.Window`.
      output_size: (height, width) in pixels.

    Returns:
      float32 [height, width, 3], RGB, 0..255, black outside the image.
    """
    visible = read_region(image, visible_part(window, image.size))
    return resample_window(visible, window, image.size, output_size)


def _decode(encoded):
    pixels = tf.io.decode_image(encoded, channels=3, expand_animations=False)
    return tf.ensure_shape(pixels, [None, None, 3])


# The first bytes tell the format; `image/format` is missing or wrong in some tools' records.
def _is_jpeg(encoded):
    return _starts_with(encoded, b"\xff\xd8\xff")


def _has_png_header(encoded):
    # Up to the width and height, which lie in bytes 16 to 23.
    return tf.logical_and(_starts_with(encoded, b"\x89PNG"), tf.strings.length(encoded) >= 24)


def _starts_with(encoded, magic):
    return tf.strings.substr(encoded, 0, len(magic)) == magic


def _png_size(encoded):
    width_height = tf.io.decode_raw(
        tf.strings.substr(encoded, 16, 8), tf.int32, little_endian=False
    )
    return tf.ensure_shape(width_height, [2])[::-1]
