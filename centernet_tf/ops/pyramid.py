"""Grids of a feature pyramid: their sizes, their points, and all of them as one list of cells."""

import tensorflow as tf


def level_sizes(input_size, strides):
    """Returns (height, width) in cells of each level; strided convolutions round up.

    Args:
      input_size: (height, width) of the network input in pixels.
      strides: pixels a cell, one a level.
    """
    return [tuple(-(-side // stride) for side in input_size) for stride in strides]


def num_points(sizes):
    """Returns the number of cells of all levels together."""
    return sum(height * width for height, width in sizes)


def axis_points(count, stride):
    """Centres of `count` cells along an axis in pixels, float32 [count]: stride * (i + 1/2)."""
    return (tf.cast(tf.range(count), tf.float32) + 0.5) * float(stride)


def grid_points(size, stride):
    """Centres of a level's cells, row by row.

    Args:
      size: (height, width) in cells, numbers or int32 scalars.
      stride: pixels a cell.

    Returns:
      float32 [height * width, 2], (y, x) in pixels of the network input.
    """
    axes = [axis_points(count, stride) for count in size]
    return tf.reshape(tf.stack(tf.meshgrid(*axes, indexing="ij"), axis=-1), [-1, 2])


def point_strides(sizes, strides):
    """Returns the stride of every cell of all levels, float32 [P]."""
    repeats = [height * width for height, width in sizes]
    return tf.repeat(tf.constant(strides, tf.float32), repeats)


def flatten_levels(maps):
    """Joins maps [B, H, W, C] of the levels to float32 [B, P, C]: level by level, row by row."""
    flat = [tf.reshape(level, [tf.shape(level)[0], -1, level.shape[-1]]) for level in maps]
    return tf.cast(tf.concat(flat, axis=1), tf.float32)


def split_levels(values, sizes):
    """Parts what `flatten_levels` joins: [B, P, C] to maps [B, H, W, C] of the levels."""
    parts = tf.split(values, [height * width for height, width in sizes], axis=1)
    return [tf.reshape(part, [-1, *size, part.shape[-1]]) for part, size in zip(parts, sizes)]


def boxes_around(points, distances):
    """Boxes from points and their distances to the sides.

    Args:
      points: float32 [..., 2], (y, x).
      distances: float32 [..., 4], (top, left, bottom, right), in the unit of the points.

    Returns:
      float32 [..., 4], yxyx.
    """
    return tf.concat([points - distances[..., :2], points + distances[..., 2:]], axis=-1)


def distances_to(points, boxes):
    """Distances (top, left, bottom, right) from points [..., 2] to the sides of boxes [..., 4].

    Negative where a point lies outside.
    """
    return tf.concat([points - boxes[..., :2], boxes[..., 2:] - points], axis=-1)


def strongest_class(maps):
    """The largest logit of any class and level at each cell of the finest map.

    Args:
      maps: logits [B, H, W, C] of the levels, finest first, with static H and W, which fall by half
        and are rounded up.

    Returns:
      [B, H, W] of the finest level.
    """
    height, width = maps[0].shape[1:3]
    layers = []
    for number, level in enumerate(maps):
        best = tf.reduce_max(level, axis=-1)
        for axis in (1, 2):
            best = tf.repeat(best, 2**number, axis=axis)
        layers.append(best[:, :height, :width])
    return tf.reduce_max(tf.stack(layers), axis=0)
