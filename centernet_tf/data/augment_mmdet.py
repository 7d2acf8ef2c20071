"""The augmentation of mmdet's CenterNet: photometric distortion, a window of original pixels,
mirroring.

Unlike the original code the window's extent does not follow the image's: it is `factor` times the
network input, in pixels of the image. Crowd boxes and boxes under a pixel are dropped before the
window is chosen. Images without boxes, which mmdet leaves out of training, are kept.
"""

import tensorflow as tf

from centernet_tf.data.augmented import Augmented
from centernet_tf.data.encoded_image import read_region
from centernet_tf.ops.photometric import distort_photometric
from centernet_tf.ops.random_window import (
    random_center,
    random_event,
    scale_factors,
    split_seed,
)
from centernet_tf.ops.window import (
    centered_window,
    resample_window,
    visible_part,
    window_boxes,
)

# mmdet tries 50 centres for a factor, then draws another, without end; here factors are drawn so
# often.
_CENTERS_PER_FACTOR = 50
_FACTOR_DRAWS = 5


def augment(sample, input_size, options, seed) -> Augmented:
    """Augments one sample; arguments as in `augment_original.augment`."""
    window_seed, flip_seed, color_seed = split_seed(seed, 3)
    extent_px = sample.boxes_px[:, 2:] - sample.boxes_px[:, :2]
    usable = tf.logical_and(~sample.is_crowd, tf.reduce_all(extent_px >= 1.0, axis=-1))
    window = choose_window(sample, usable, input_size, options, window_seed)
    inside = centers_inside(sample, tf.expand_dims(tf.stack(window[:2]), 0), tf.stack(window[2:4]))
    window = random_mirror(window, options, flip_seed)

    visible = read_region(sample.image, visible_part(window, sample.image.size))
    visible, color = distort_photometric(tf.cast(visible, tf.float32), color_seed)
    height, width = input_size
    boxes_px = window_boxes(sample.boxes_px, window, input_size, mirror_sum=0.0)
    return Augmented(
        image=resample_window(visible, window, sample.image.size, input_size),
        color=color,
        boxes_px=tf.clip_by_value(boxes_px, 0.0, [height, width, height, width]),
        classes=sample.classes,
        keep=tf.logical_and(usable, inside[0]),
    )


def choose_window(sample, usable, input_size, options, seed):
    """Draws windows until one holds the centre of a usable box, and returns that one.

    All tries are made at once. Without usable boxes, or when no try succeeds, it is the first try.
    """
    factor_seed, center_seed = split_seed(seed, 2)
    extents = tf.constant(
        [
            [int(side * factor) for side in input_size]
            for factor in scale_factors(options.scale_min, options.scale_max)
        ]
    )
    draws = tf.random.stateless_uniform(
        [_FACTOR_DRAWS], factor_seed, maxval=extents.shape[0], dtype=tf.int32
    )
    extents = tf.repeat(tf.gather(extents, draws), _CENTERS_PER_FACTOR, axis=0)
    centers = random_center(sample.image.size, center_seed, _FACTOR_DRAWS * _CENTERS_PER_FACTOR)
    inside = centers_inside(sample, centers - extents // 2, extents)
    accepted = tf.reduce_any(tf.logical_and(inside, usable), axis=-1)
    chosen = tf.argmax(tf.cast(accepted, tf.int32))
    return centered_window(centers[chosen], extents[chosen])


def centers_inside(sample, first, extent):
    """Tells which box centres lie strictly inside the visible part of windows.

    An odd window shows one pixel less at its end than it is wide, as in mmdet.

    Args:
      sample: `record_parser.Sample` with N boxes.
      first: int32 [T, 2], (top, left) of T windows.
      extent: int32 [T, 2] or [2], their (height, width).

    Returns:
      bool [T, N].
    """
    low = tf.cast(tf.maximum(first, 0), tf.float32)
    high = tf.cast(tf.minimum(first + extent // 2 * 2, sample.image.size), tf.float32)
    centers = (sample.boxes_px[:, :2] + sample.boxes_px[:, 2:]) / 2.0
    within = tf.logical_and(centers > low[:, tf.newaxis], centers < high[:, tf.newaxis])
    return tf.reduce_all(within, axis=-1)


def random_mirror(window, options, seed):
    """Mirrors the window's own pixels, each axis with its own probability."""
    seed_y, seed_x = split_seed(seed, 2)
    return window._replace(
        mirror_y=random_event(options.vertical_flip, seed_y),
        mirror_x=random_event(options.horizontal_flip, seed_x),
    )
