"""From boxes to what FCOS should say at every point of its pyramid (Tian et al. 2019, 3.1, 3.2)."""

import tensorflow as tf

from centernet_tf.ops.pyramid import axis_points, distances_to, grid_points

BACKGROUND = -1


def fcos_targets(boxes_px, classes, mask, sizes, strides, ranges, center_radius):
    """Assigns each point the smallest box around it whose extent suits its level.

    Args:
      boxes_px: float32 [M, 4] of one image or [B, M, 4], yxyx, pixels of the network input.
      classes: int32 [M] or [B, M].
      mask: bool [M] or [B, M], False for padding.
      sizes: (height, width) in cells of each level.
      strides: pixels a cell of each level.
      ranges: (least, most) of a box's largest distance from the point, in pixels, both inclusive,
        of each level.
      center_radius: points count only within so many strides of the box's centre, each way; 0
        counts all of the box.

    Returns:
      dict of
        class: int32 [P] or [B, P], `BACKGROUND` where no box is; levels in order, row by row.
        distances: float32 [P, 4] or [B, P, 4], (top, left, bottom, right) in pixels; 0 at the
          background.
    """
    if boxes_px.shape.rank == 3:
        # Images one at a time: all at once would need B x P x M values.
        return tf.map_fn(
            lambda image: fcos_targets(*image, sizes, strides, ranges, center_radius),
            (boxes_px, classes, mask),
            fn_output_signature={"class": tf.int32, "distances": tf.float32},
        )
    levels = [
        _level(boxes_px, classes, mask, *level, center_radius)
        for level in zip(sizes, strides, ranges)
    ]
    labels, distances = (tf.concat(values, axis=0) for values in zip(*levels))
    return {"class": labels, "distances": distances}


def _level(boxes_px, classes, mask, size, stride, limits, center_radius):
    """Targets of one level: classes [H * W] and distances [H * W, 4]."""
    area = tf.reduce_prod(boxes_px[:, 2:] - boxes_px[:, :2], axis=-1)
    inside, furthest = [], []
    for axis, count in enumerate(size):
        points = axis_points(count, stride)[:, tf.newaxis]
        low, high = boxes_px[:, axis], boxes_px[:, axis + 2]
        furthest.append(tf.maximum(points - low, high - points))
        if center_radius:
            middle, reach = (low + high) / 2.0, center_radius * stride
            low, high = tf.maximum(middle - reach, low), tf.minimum(middle + reach, high)
        inside.append((points > low) & (points < high))
    # Both tests part into rows and columns, which leaves few steps on [H, W, M].
    extent = tf.maximum(furthest[0][:, tf.newaxis], furthest[1])
    fits = inside[0][:, tf.newaxis] & (inside[1] & mask)
    fits &= (extent >= limits[0]) & (extent <= limits[1])
    cost = tf.reshape(tf.where(fits, area, float("inf")), [-1, area.shape[0] or tf.size(area)])
    if cost.shape[1] == 0:
        return tf.fill([size[0] * size[1]], BACKGROUND), tf.zeros([size[0] * size[1], 4])
    owner = tf.argmin(cost, axis=-1, output_type=tf.int32)
    found = tf.reduce_min(cost, axis=-1) < float("inf")
    distances = distances_to(grid_points(size, stride), tf.gather(boxes_px, owner))
    return (
        tf.where(found, tf.gather(classes, owner), BACKGROUND),
        tf.where(found[:, tf.newaxis], distances, 0.0),
    )
