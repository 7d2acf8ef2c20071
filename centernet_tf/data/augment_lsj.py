"""Large-scale jitter, the augmentation of mmdet's and CenterNet2's long schedules.

The image is scaled to fit a random factor of the network input. Where it is then larger than the
input, a random window of the input's size is cut out; where it is smaller, it lies at the top left
and black fills the rest. Crowd boxes are dropped, and boxes of which nothing is left. Windows
without objects are kept. Scaling down takes every so many-th pixel, as everywhere in this package,
without averaging.
"""

import tensorflow as tf

from centernet_tf.data.augment_mmdet import random_mirror
from centernet_tf.data.augmented import Augmented
from centernet_tf.data.encoded_image import read_region
from centernet_tf.ops.color import identity_color
from centernet_tf.ops.random_window import split_seed
from centernet_tf.ops.window import Window, resample_window, window_boxes

# Input pixels; a box must keep more than this on each side.
_MIN_SIDE_PX = 1e-2


def augment(sample, input_size, options, seed) -> Augmented:
    """Augments one sample; arguments as in `augment_original.augment`."""
    factor_seed, place_seed, flip_seed = split_seed(seed, 3)
    factor = tf.random.stateless_uniform(
        [], factor_seed, options.lsj_scale_min, options.lsj_scale_max
    )
    place = tf.random.stateless_uniform([2], place_seed)
    window, shown = place_window(sample.image.size, input_size, factor, place)
    window = random_mirror(window, options, flip_seed)
    boxes_px = shown_boxes(sample.boxes_px, window, shown)
    sides = boxes_px[:, 2:] - boxes_px[:, :2]
    return Augmented(
        image=read_corner(sample.image, window, shown, input_size),
        color=identity_color(),
        boxes_px=boxes_px,
        classes=sample.classes,
        keep=tf.reduce_all(sides > _MIN_SIDE_PX, axis=-1) & ~sample.is_crowd,
    )


def place_window(image_size, input_size, factor, place):
    """Scales an image to fit `factor` times the input and cuts out what the input can hold.

    Args:
      image_size: int32 [2], (height, width).
      input_size: (height, width) in pixels.
      factor: float32 scalar.
      place: float32 [2], 0 to 1, where the window lies in the image, (y, x); it has no effect on a
        side that is shown whole.

    Returns:
      (`Window`, inside the image; int32 [2], the (height, width) in input pixels that it covers).
    """
    image = tf.cast(image_size, tf.float32)
    limit = tf.constant([float(side) for side in input_size])
    scale = factor * tf.reduce_min(limit / image)
    scaled = tf.maximum(tf.round(image * scale), 1.0)
    cut = tf.clip_by_value(tf.round(limit / scale), 1.0, image)
    extent = tf.where(scaled > limit, cut, image)
    # float32 products may round up to the end of the range.
    first = tf.minimum(tf.floor(place * (image - extent + 1.0)), image - extent)
    top_left, size = tf.cast(first, tf.int32), tf.cast(extent, tf.int32)
    no = tf.constant(False)
    window = Window(top_left[0], top_left[1], size[0], size[1], no, no)
    return window, tf.cast(tf.minimum(scaled, limit), tf.int32)


def read_corner(image, window, shown, input_size):
    """Reads a window into the top left corner of the input.

    Args:
      image: `EncodedImage`.
      window: `Window` inside the image.
      shown: int32 [2], the (height, width) in input pixels that the window gets.
      input_size: (height, width) in pixels.

    Returns:
      float32 [height, width, 3], RGB, 0..255, black beside the window.
    """
    pixels = read_region(image, tf.stack(window[:4]))
    pixels = resample_window(pixels, window, image.size, tf.unstack(shown))
    height, width = input_size
    # Rows and columns alone: tf.pad is several times as fast on two axes as on three.
    rows = tf.reshape(pixels, [shown[0], 3 * shown[1]])
    rows = tf.pad(rows, [[0, height - shown[0]], [0, 3 * (width - shown[1])]])
    return tf.reshape(rows, [height, width, 3])


def shown_boxes(boxes_px, window, shown):
    """Maps boxes of the image to the input and clips them to what `read_corner` shows.

    Args:
      boxes_px: float32 [N, 4], yxyx, image pixels.
      window: `Window`.
      shown: int32 [2], (height, width) in input pixels.

    Returns:
      float32 [N, 4], yxyx, input pixels.
    """
    fractions = window_boxes(boxes_px, window, (1, 1), mirror_sum=0.0)
    return tf.clip_by_value(fractions, 0.0, 1.0) * tf.cast(tf.tile(shown, [2]), tf.float32)
