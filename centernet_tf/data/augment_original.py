"""The augmentation of CenterNet's original code (xingyizhou/CenterNet, ctdet).

A window of `factor` times the letterbox's extent around a random centre, mirroring, then
brightness, contrast and saturation in random order and lighting noise. Crowd boxes are trained as
objects. Nothing is clipped here: the targets clip boxes to the last pixel and drop those outside.
"""

import tensorflow as tf

from centernet_tf.data.augmented import Augmented
from centernet_tf.data.encoded_image import read_window
from centernet_tf.ops.color import compose_color, jitter_color, lighting_color, mean_luma
from centernet_tf.ops.random_window import (
    random_center,
    random_event,
    random_factor,
    scale_factors,
    split_seed,
)
from centernet_tf.ops.window import centered_window, window_boxes


def augment(sample, input_size, options, seed) -> Augmented:
    """Augments one sample.

    Args:
      sample: `record_parser.Sample`.
      input_size: (height, width) of the network input in pixels.
      options: `config.AugmentationConfig`.
      seed: int32 [2]; the same seed gives the same result.
    """
    window_seed, flip_seed, color_seed = split_seed(seed, 3)
    window = random_window(sample.image.size, input_size, options, window_seed)
    window = random_mirror(window, options, flip_seed)
    image = read_window(sample.image, window, input_size)
    return Augmented(
        image=image,
        color=random_color(image, options, color_seed),
        boxes_px=window_boxes(sample.boxes_px, window, input_size, mirror_sum=-1.0),
        classes=sample.classes,
        keep=tf.ones_like(sample.is_crowd),
    )


def random_window(image_size, input_size, options, seed):
    """Draws a window around a random centre, `factor` times as large as the letterbox's.

    The original maps an extent of max(H, W) pixels to the input's width, which for its square input
    is the letterbox; for other input shapes the letterbox's tighter side decides here, so that
    factor 1 shows a whole centred image. The extent is rounded to even numbers, which makes the
    window whole pixels.
    """
    factor_seed, center_seed = split_seed(seed, 2)
    factors = scale_factors(options.scale_min, options.scale_max)
    input_size = tf.constant([float(side) for side in input_size], tf.float32)
    pixels_per_input_pixel = tf.reduce_max(tf.cast(image_size, tf.float32) / input_size)
    extent = random_factor(factors, factor_seed) * pixels_per_input_pixel * input_size
    extent = 2 * tf.maximum(tf.cast(tf.round(extent / 2.0), tf.int32), 1)
    return centered_window(random_center(image_size, center_seed), extent)


def random_mirror(window, options, seed):
    """Mirrors the window about its centre pixel, each axis with its own probability."""
    seed_y, seed_x = split_seed(seed, 2)
    mirror_y = random_event(options.vertical_flip, seed_y)
    mirror_x = random_event(options.horizontal_flip, seed_x)
    # An even window has one more pixel before its centre than after it; mirrored, it is the other
    # way round.
    return window._replace(
        top=window.top + tf.cast(mirror_y, tf.int32),
        left=window.left + tf.cast(mirror_x, tf.int32),
        mirror_y=mirror_y,
        mirror_x=mirror_x,
    )


def random_color(image, options, seed):
    """Draws colour jitter and lighting noise; the mean grey includes the black around the image."""
    factor_seed, order_seed, lighting_seed = split_seed(seed, 3)
    jitter = options.color_jitter
    factors = 1.0 + tf.random.stateless_uniform([3], factor_seed, -jitter, jitter)
    order = tf.argsort(tf.random.stateless_uniform([3], order_seed))
    normals = tf.random.stateless_normal([3], lighting_seed, stddev=options.lighting)
    jittered = jitter_color(factors, order, mean_luma(image))
    return compose_color(jittered, lighting_color(normals))
