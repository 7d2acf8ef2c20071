"""Gaussian peaks on heat-maps: the radius of an object's peak and the drawing of many at once."""

import tensorflow as tf

from centernet_tf.ops.scatter_max import scatter_max
from centernet_tf.ops.window_cells import window_cells

RADIUS_RULES = ("original", "original_exact", "cornernet", "mmdet")


def gaussian_radius(size_map, rule, min_overlap):
    """Radius of an object's peak so that boxes of nearby centres still overlap it by `min_overlap`.

    Rules (CornerNet's three cases; facts differ between published code bases):
      'original': CenterNet as published: sizes rounded up, and the roots divided by 2 instead of
        by 2a, which leaves the third case always smallest; all published weights were trained so.
      'original_exact': the same without rounding up (its 3-D task).
      'cornernet': the corrected roots, sizes rounded up.
      'mmdet': the corrected roots, sizes as they are.

    Args:
      size_map: float32 [..., 2], (height, width) of boxes in map pixels, positive.
      rule: one of the above.
      min_overlap: intersection over union that a shifted box keeps.

    Returns:
      float32 [...], not negative; the drawn radius is its integer part.
    """
    if rule in ("original", "cornernet"):
        size_map = tf.math.ceil(size_map)
    total, area = tf.reduce_sum(size_map, axis=-1), tf.reduce_prod(size_map, axis=-1)
    overlap = tf.constant(min_overlap, tf.float32)
    cases = (
        (1.0, total, area * (1.0 - overlap) / (1.0 + overlap), -1.0),
        (4.0, 2.0 * total, area * (1.0 - overlap), -1.0),
        (4.0 * overlap, -2.0 * overlap * total, area * (overlap - 1.0), 1.0),
    )
    radii = []
    for a, b, c, sign in cases:
        root = tf.sqrt(tf.maximum(b * b - 4.0 * a * c, 0.0))
        if rule.startswith("original"):
            radii.append((b + root) / 2.0)
        else:
            # b is negative in the third case only, and |b| gives the smaller root of the others.
            radii.append((tf.abs(b) - root) / (2.0 * a) if sign < 0 else (b + root) / (2.0 * a))
    return tf.maximum(tf.reduce_min(tf.stack(radii), axis=0), 0.0)


def draw_gaussians(centers_map, radii, classes, map_size, num_classes, sigma_divisor=6.0):
    """Draws one peak an object, merged by maximum: exactly 1 at the centre.

    Only the cells inside the windows are computed, so the cost follows the area of the objects and
    not the number of classes. Shapes inside depend on the data: for tf.data, not for XLA
    (`draw_gaussians_dense`).

    Args:
      centers_map: int32 [..., N, 2], (y, x) cells inside the map; leading axes are images.
      radii: int32 [..., N]; the window is 2 r + 1 cells wide, cut at the border. Negative draws
        nothing.
      classes: int32 [..., N].
      map_size: (height, width) in cells.
      num_classes: C.
      sigma_divisor: sigma is (2 r + 1) over this; 6 but for the centres of keypoint triplets.

    Returns:
      float32 [..., height, width, C].
    """
    height, width = map_size
    shape = [*_lead(classes), height, width, num_classes]
    image = tf.repeat(tf.range(tf.reduce_prod(tf.shape(classes)[:-1])), tf.shape(classes)[-1])
    centers_map = tf.reshape(centers_map, [-1, 2])
    radii, classes = tf.reshape(radii, [-1]), tf.reshape(classes, [-1])
    limit = tf.constant([height - 1, width - 1], tf.int32)
    first = tf.maximum(centers_map - radii[:, tf.newaxis], 0)
    last = tf.minimum(centers_map + radii[:, tf.newaxis], limit)
    drawn = radii[:, tf.newaxis] >= 0
    owner, place = window_cells(first, tf.where(drawn, last - first + 1, 0))

    distance = place - tf.gather(centers_map, owner)
    squared = tf.cast(tf.reduce_sum(distance * distance, axis=-1), tf.float32)
    sigma = (2.0 * tf.cast(radii, tf.float32) + 1.0) / sigma_divisor
    values = tf.exp(-squared / tf.gather(2.0 * sigma * sigma, owner))

    row = tf.gather(image * height, owner) + place[:, 0]
    index = (row * width + place[:, 1]) * num_classes + tf.gather(classes, owner)
    return tf.reshape(scatter_max(index, values, tf.reduce_prod(shape)), shape)


def draw_gaussians_dense(centers_map, radii, classes, map_size, num_classes):
    """The same values as `draw_gaussians` with static shapes: for the device, XLA-safe.

    Every object is drawn on a whole map of its own, one image at a time, so the cost follows the
    number of objects.

    Args:
      centers_map: int32 [B, N, 2]; the others as in `draw_gaussians`, [B, N].

    Returns:
      float32 [B, height, width, C].
    """
    height, width = map_size

    def draw(objects):
        centers, radius, labels = objects
        y = tf.range(height) - centers[:, :1]
        x = tf.range(width) - centers[:, 1:]
        near_y, near_x = (tf.abs(distance) <= radius[:, tf.newaxis] for distance in (y, x))
        squared = (y * y)[:, :, tf.newaxis] + (x * x)[:, tf.newaxis, :]
        sigma = (2.0 * tf.cast(radius, tf.float32) + 1.0) / 6.0
        values = tf.exp(-tf.cast(squared, tf.float32) / (2.0 * sigma * sigma)[:, None, None])
        inside = near_y[:, :, tf.newaxis] & near_x[:, tf.newaxis, :]
        drawn = tf.math.unsorted_segment_max(tf.where(inside, values, 0.0), labels, num_classes)
        # A class without an object holds the least float.
        return tf.transpose(tf.maximum(drawn, 0.0), [1, 2, 0])

    return tf.map_fn(draw, (centers_map, radii, classes), fn_output_signature=tf.float32)


def _lead(classes):
    """The axes of images as a list, static where they are known."""
    dynamic = tf.shape(classes)
    return [dynamic[i] if side is None else side for i, side in enumerate(classes.shape[:-1])]
