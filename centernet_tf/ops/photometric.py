"""The photometric distortion of SSD as mmdet does it; RGB float32 in 0..255, never clipped."""

import tensorflow as tf

from centernet_tf.ops.color import ColorAffine, apply_color
from centernet_tf.ops.random_window import random_event, split_seed

BRIGHTNESS = 32.0
CONTRAST = (0.5, 1.5)
SATURATION = (0.5, 1.5)
HUE_DEGREES = 18.0


def distort_photometric(image, seed):
    """Distorts brightness, contrast, saturation, hue and the channels' order.

    Each is done with probability 0.5. Contrast comes before or after the change in HSV by the toss
    of a coin.

    Args:
      image: float32 [h, w, 3].
      seed: int32 [2].

    Returns:
      (float32 [h, w, 3], `ColorAffine` without bias still to be applied: the steps after HSV, which
      leave black pixels black and so may wait until after padding).
    """
    seeds = split_seed(seed, 6)
    brightness = _maybe(-BRIGHTNESS, BRIGHTNESS, 0.0, seeds[0])
    contrast = _maybe(*CONTRAST, 1.0, seeds[1])
    saturation = _maybe(*SATURATION, 1.0, seeds[2])
    hue = _maybe(-HUE_DEGREES, HUE_DEGREES, 0.0, seeds[3])
    contrast_first = random_event(0.5, seeds[4])
    before = tf.where(contrast_first, contrast, 1.0)
    after = tf.where(contrast_first, 1.0, contrast)

    image = apply_color(image, ColorAffine(before * tf.eye(3), tf.fill([3], before * brightness)))
    image = tf.cond(
        tf.logical_or(saturation != 1.0, hue != 0.0),
        lambda: adjust_saturation_hue(image, saturation, hue),
        lambda: image,
    )
    return image, ColorAffine(after * random_permutation(seeds[5]), tf.zeros([3]))


def adjust_saturation_hue(image, saturation, hue_degrees):
    """Scales the saturation and turns the hue in HSV; the value (largest channel) stays.

    Saturation is cut at 1 only when it was raised. Where brightness has made a pixel's largest
    channel negative it becomes grey (OpenCV divides by its absolute value instead).

    Args:
      image: float32 [h, w, 3].
      saturation: float32 scalar factor.
      hue_degrees: float32 scalar.
    """
    hue, chroma, value = tf.unstack(tf.image.rgb_to_hsv(image), axis=-1)
    chroma = chroma * saturation
    chroma = tf.where(saturation > 1.0, tf.clip_by_value(chroma, 0.0, 1.0), chroma)
    hue = tf.math.floormod(hue + hue_degrees / 360.0, 1.0)
    return tf.image.hsv_to_rgb(tf.stack([hue, chroma, value], axis=-1))


def random_permutation(seed):
    """Returns a 3x3 permutation matrix, with probability 0.5 the identity, else any of the six."""
    event_seed, order_seed = split_seed(seed, 2)
    order = tf.argsort(tf.random.stateless_uniform([3], order_seed))
    order = tf.where(random_event(0.5, event_seed), order, tf.range(3))
    return tf.gather(tf.eye(3), order, axis=1)


def _maybe(low, high, otherwise, seed):
    """Draws from [low, high) with probability 0.5, else returns `otherwise`."""
    event_seed, value_seed = split_seed(seed, 2)
    drawn = tf.random.stateless_uniform([], value_seed, low, high)
    return tf.where(random_event(0.5, event_seed), drawn, otherwise)
