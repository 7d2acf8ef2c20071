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
    """Scales the saturation and turns the hue of HSV; the value (largest channel) stays.

    The spread between largest and smallest channel is what saturation scales; it is cut at the
    value (saturation 1) only when saturation was raised. `tf.image.rgb_to_hsv` and back take three
    times as long, since they work on interleaved channels.

    Args:
      image: float32 [h, w, 3].
      saturation: float32 scalar factor.
      hue_degrees: float32 scalar.
    """
    red, green, blue = tf.unstack(tf.transpose(image, [2, 0, 1]))
    value = tf.maximum(tf.maximum(red, green), blue)
    spread = value - tf.minimum(tf.minimum(red, green), blue)
    # Sixths of the colour circle: 0 at red, 2 at green, 4 at blue.
    sector = hue_degrees / 60.0 + tf.where(
        value == red,
        tf.math.divide_no_nan(green - blue, spread),
        tf.where(
            value == green,
            tf.math.divide_no_nan(blue - red, spread) + 2.0,
            tf.math.divide_no_nan(red - green, spread) + 4.0,
        ),
    )
    spread = spread * saturation
    spread = tf.where(saturation > 1.0, tf.minimum(spread, tf.abs(value)), spread)

    def channel(shift):
        # tf.math.floormod takes eight times as long.
        place = sector + shift
        place = place - 6.0 * tf.floor(place / 6.0)
        return value - spread * tf.clip_by_value(tf.minimum(place, 4.0 - place), 0.0, 1.0)

    return tf.transpose(tf.stack([channel(5.0), channel(3.0), channel(1.0)]), [1, 2, 0])


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
