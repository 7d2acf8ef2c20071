"""Nearest-neighbour up-sampling that every compiler has, gradient included.

TensorFlow's own resize by nearest neighbour has no gradient under XLA.
"""

import tensorflow as tf


def upsample_nearest(x, factor=2):
    """Repeats every cell of a map [B, H, W, C] factor times each way: [B, fH, fW, C]."""
    batch, height, width, channels = x.shape
    dynamic = tf.shape(x)
    batch = dynamic[0] if batch is None else batch
    height = dynamic[1] if height is None else height
    width = dynamic[2] if width is None else width
    x = tf.reshape(x, [batch, height, 1, width, channels])
    x = tf.tile(x, [1, 1, factor, 1, factor])
    return tf.reshape(x, [batch, factor * height, factor * width, channels])


def upsample_nearest_to(x, like):
    """Doubles a map and cuts it to the height and width of `like`, at most a cell smaller each way.

    The same cells as PyTorch's interpolation to that size, floor(i * H / H'), where H is half of
    H', rounded up: what a convolution of stride 2 leaves.
    """
    doubled = upsample_nearest(x)
    if None not in like.shape[1:3] and doubled.shape[1:3] == like.shape[1:3]:
        return doubled
    size = tf.shape(like)
    cut = doubled[:, : size[1], : size[2]]
    cut.set_shape([x.shape[0], like.shape[1], like.shape[2], x.shape[3]])
    return cut
