"""From boxes to what CenterNet-Update learns (Zhou et al. 2021, section 4).

Peaks on every level, and for each object a list of cells around its centre on every level, from
which the loss takes those that learn its box, and those that are positive besides the centre.
"""

import itertools
import math

import tensorflow as tf

from centernet_tf.ops.pyramid import distances_to, num_points
from centernet_tf.ops.scatter_max import scatter_max
from centernet_tf.ops.window_cells import window_cells

# Offsets (y, x) of the cells around a centre, row by row; the middle one is the centre's own.
_AROUND = list(itertools.product((-1, 0, 1), repeat=2))
NUM_AROUND = len(_AROUND)
# Values of a peak below this are 0.
_LEAST_VALUE = 1e-4
_MINUS_LOG_LEAST = -math.log(_LEAST_VALUE)


def peak_radius_squared(boxes_px, min_overlap, min_radius):
    """Squared radius of an object's peak in pixels, float32 [...]: 2 d^2 area, d = (1-o)/(1+o).

    Args:
      boxes_px: float32 [..., 4], yxyx.
      min_overlap: o, 0.8 in both originals.
      min_radius: least radius in pixels, 4 in both.
    """
    delta = (1.0 - min_overlap) / (1.0 + min_overlap)
    area = tf.reduce_prod(boxes_px[..., 2:] - boxes_px[..., :2], axis=-1)
    return tf.maximum(2.0 * delta**2 * area, min_radius**2)


def center_cells(boxes_px, mask, radius_squared, sizes, strides, ranges):
    """Lists the 3x3 cells around every centre on every level.

    Args:
      boxes_px: float32 [B, M, 4], yxyx, inside the input.
      mask: bool [B, M], False for padding.
      radius_squared: float32 [B, M], of `peak_radius_squared`.
      sizes: (height, width) in cells of each of the L levels.
      strides: pixels a cell of each level.
      ranges: (least, most) half diagonal of the boxes of a level in pixels, both inclusive; they
        may overlap.

    Returns:
      dict of, with N = 9 L,
        cell: int32 [B, M, N], index into all cells, level by level; 0 where `valid` is False.
        distances: float32 [B, M, N, 4], (top, left, bottom, right) in pixels; 0 where invalid.
        valid: bool [B, M, N], on the map and inside the box.
        central: bool [B, M, N], valid and the centre's own cell on a level of the object.
        owned: bool [B, M, N], learns the object's box: on a level of the object, strictly inside,
          and of all such objects nearest to the centre, measured in radii.
    """
    levels = [
        _cells_of_level(boxes_px, mask, radius_squared, *level)
        for level in zip(sizes, strides, ranges)
    ]
    starts = [num_points(sizes[:level]) for level in range(len(sizes))]
    joined = {name: tf.concat([level[name] for level in levels], axis=2) for name in levels[0]}
    offset = tf.repeat(tf.constant(starts, tf.int32), NUM_AROUND)
    cell = tf.where(joined["valid"], joined["cell"] + offset, 0)
    owned = _owned(cell, joined["learns"], joined["remoteness"], num_points(sizes))
    return {
        "cell": cell,
        "distances": tf.where(joined["valid"][..., tf.newaxis], joined["distances"], 0.0),
        "valid": joined["valid"],
        "central": joined["central"],
        "owned": owned,
    }


def _cells_of_level(boxes_px, mask, radius_squared, size, stride, limits):
    """The same of one level, [B, M, 9], `cell` within the level; not yet parted among objects."""
    center = (boxes_px[..., :2] + boxes_px[..., 2:]) / 2.0
    home = tf.cast(center / stride, tf.int32)
    cells = home[:, :, tf.newaxis] + tf.constant(_AROUND, tf.int32)
    points = (tf.cast(cells, tf.float32) + 0.5) * stride
    sides = distances_to(points, boxes_px[:, :, tf.newaxis])
    nearest_side = tf.reduce_min(sides, axis=-1)
    on_map = tf.reduce_all((cells >= 0) & (cells < tf.constant(size, tf.int32)), axis=-1)
    valid = on_map & mask[..., tf.newaxis] & (nearest_side >= 0.0)

    extent = boxes_px[..., 2:] - boxes_px[..., :2]
    half_diagonal = tf.sqrt(tf.reduce_sum(extent * extent, axis=-1)) / 2.0
    suits = ((half_diagonal >= limits[0]) & (half_diagonal <= limits[1]))[..., tf.newaxis]
    is_home = tf.constant([offset == (0, 0) for offset in _AROUND])
    away = points - center[:, :, tf.newaxis]
    squared = tf.where(is_home, 0.0, tf.reduce_sum(away * away, axis=-1))
    return {
        "cell": cells[..., 0] * size[1] + cells[..., 1],
        "distances": sides,
        "valid": valid,
        "central": valid & suits & is_home,
        "learns": valid & suits & (nearest_side > 0.0),
        "remoteness": squared / radius_squared[..., tf.newaxis],
    }


def _owned(cell, learns, remoteness, points):
    """Gives each cell to the object that it is least remote from, the first of equals."""
    shape = tf.shape(cell)
    flat = tf.reshape(cell + tf.range(shape[0])[:, tf.newaxis, tf.newaxis] * points, [-1])
    segments = shape[0] * points
    remoteness = tf.reshape(tf.where(learns, remoteness, float("inf")), [-1])
    least = tf.math.unsorted_segment_min(remoteness, flat, segments)
    nearest = tf.reshape(remoteness == tf.gather(least, flat), shape) & learns
    order = tf.broadcast_to(tf.range(shape[1])[:, tf.newaxis], shape)
    order = tf.where(nearest, order, shape[1])
    first = tf.math.unsorted_segment_min(tf.reshape(order, [-1]), flat, segments)
    return nearest & (order == tf.reshape(tf.gather(first, flat), shape))


def draw_level_peaks(boxes_px, classes, mask, radius_squared, sizes, strides, num_classes):
    """Draws the peak of every object on every level, merged by maximum.

    A peak is exp(-d^2 / radius^2) of the distance from a cell's middle to the true centre, without
    the usual 2, and exactly 1 in the centre's own cell. Only cells that can reach 0.0001 are
    computed, so shapes inside depend on the data: for tf.data, not for XLA.

    Args:
      boxes_px, mask, radius_squared, sizes, strides: as of `center_cells`.
      classes: int32 [B, M].
      num_classes: C.

    Returns:
      float32 [B, P, C], levels in order, row by row.
    """
    batch, points = tf.shape(classes)[0], num_points(sizes)
    center = (boxes_px[..., :2] + boxes_px[..., 2:]) / 2.0
    image = tf.repeat(tf.range(batch), tf.shape(classes)[1])
    kept = tf.where(tf.reshape(mask, [-1]))[:, 0]
    center, image, classes, radius_squared = (
        tf.gather(value, kept)
        for value in (
            tf.reshape(center, [-1, 2]),
            image,
            tf.reshape(classes, [-1]),
            tf.reshape(radius_squared, [-1]),
        )
    )
    index, values = [], []
    for level, (size, stride) in enumerate(zip(sizes, strides)):
        owner, y, x, value = _window_values(center, radius_squared, size, stride)
        cell = tf.gather(image, owner) * points + num_points(sizes[:level]) + y * size[1] + x
        index.append(cell * num_classes + tf.gather(classes, owner))
        values.append(value)
    index, values = tf.concat(index, axis=0), tf.concat(values, axis=0)
    drawn = scatter_max(index, values, batch * points * num_classes)
    return tf.reshape(drawn, [batch, points, num_classes])


def _window_values(center, radius_squared, size, stride):
    """The cells that peaks [K] may reach on a level: owner, y, x and value of each, [cells]."""
    reach = tf.sqrt(radius_squared * _MINUS_LOG_LEAST)[:, tf.newaxis]
    home = tf.cast(center / stride, tf.int32)
    first = tf.cast(tf.math.ceil((center - reach) / stride - 0.5), tf.int32)
    last = tf.cast(tf.math.floor((center + reach) / stride - 0.5), tf.int32)
    first = tf.maximum(tf.minimum(first, home), 0)
    last = tf.minimum(tf.maximum(last, home), tf.constant(size, tf.int32) - 1)
    owner, place = window_cells(first, tf.maximum(last - first + 1, 0))
    away = (tf.cast(place, tf.float32) + 0.5) * stride - tf.gather(center, owner)
    value = tf.exp(-tf.reduce_sum(away * away, axis=-1) / tf.gather(radius_squared, owner))
    value = tf.where(value < _LEAST_VALUE, 0.0, value)
    is_home = tf.reduce_all(place == tf.gather(home, owner), axis=-1)
    return owner, place[:, 0], place[:, 1], tf.where(is_home, 1.0, value)
