"""Random choices of windows that the recipes share; each a pure function of its seed."""

import tensorflow as tf

# The centre of a random window stays this far from the image's border, less for small images.
_BORDERS = (128, 64, 32, 16, 8, 4, 2, 1, 0)


def split_seed(seed, count):
    """Returns `count` independent stateless seeds, int32 [2] each."""
    return tf.unstack(tf.random.experimental.stateless_split(seed, count))


def scale_factors(scale_min, scale_max):
    """Returns the factors scale_min, scale_min + 0.1, ... up to scale_max as a list."""
    count = int((scale_max - scale_min) / 0.1 + 1e-6) + 1
    return [round(scale_min + 0.1 * step, 6) for step in range(count)]


def random_factor(factors, seed, shape=()):
    """Draws from a list of floats uniformly; float32 of the given shape."""
    index = tf.random.stateless_uniform(shape, seed, maxval=len(factors), dtype=tf.int32)
    return tf.gather(tf.constant(factors, tf.float32), index)


def border_margin(sides):
    """Margin that a window's centre keeps: the largest of 128, 64, ... with side > 2 margin.

    Args:
      sides: int32 [...], image height or width in pixels.

    Returns:
      int32 [...].
    """
    borders = tf.constant(_BORDERS)
    fits = tf.where(sides[..., tf.newaxis] > 2 * borders, borders, 0)
    return tf.reduce_max(fits, axis=-1)


def random_center(image_size, seed, count=None):
    """Draws centre pixels uniformly from [margin, side - margin) on each axis.

    Args:
      image_size: int32 [2], (height, width).
      seed: int32 [2].
      count: draws this many; None draws one.

    Returns:
      int32 [2], or [count, 2]: (y, x).
    """
    margin = border_margin(image_size)
    room = tf.cast(image_size - 2 * margin, tf.float32)
    uniform = tf.random.stateless_uniform([2] if count is None else [count, 2], seed)
    # float32 products may round up to the end of the range.
    steps = tf.minimum(tf.cast(uniform * room, tf.int32), image_size - 2 * margin - 1)
    return margin + steps


def random_event(probability, seed):
    """Returns a bool scalar, True with the given probability."""
    return tf.random.stateless_uniform([], seed) < probability
