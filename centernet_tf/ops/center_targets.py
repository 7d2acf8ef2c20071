"""From boxes to what a centre-point network should draw."""

import tensorflow as tf

from centernet_tf.ops.gaussian import draw_gaussians, gaussian_radius
from centernet_tf.ops.shared_cells import covered_by_a_later


def center_targets(
    boxes_map,
    classes,
    mask,
    map_size,
    num_classes,
    radius_rule,
    min_overlap,
    clip_margin,
    cell_owner,
    draw=True,
):
    """Builds heat-map and per-object targets (CenterNet, section 4).

    Args:
      boxes_map: float32 [..., M, 4], yxyx, map pixels; may overhang the map. Leading axes are
        images.
      classes: int32 [..., M].
      mask: bool [..., M], False for padding.
      map_size: (height, width) in cells.
      num_classes: C.
      radius_rule: see `gaussian_radius`.
      min_overlap: see `gaussian_radius`.
      clip_margin: boxes are clipped to [0, side - clip_margin]; 1 as the original does, 0 as mmdet.
      cell_owner: 'all' keeps every object of a shared cell (original); 'last' only the last one
        (mmdet, whose dense maps are overwritten).
      draw: whether to draw the heat-map; else the arguments of `draw_gaussians` take its place.

    Returns:
      dict of
        heatmap: float32 [..., height, width, C]; or
        peak_cell: int32 [..., M, 2], peak_radius and peak_class: int32 [..., M].
        index: int32 [..., M], y * width + x of the centre cell.
        mask: float32 [..., M], 0 for objects that are padding, outside the map or of no extent.
        size: float32 [..., M, 2], (h, w) in map pixels.
        offset: float32 [..., M, 2], (y, x) of the centre inside its cell, 0..1.
    """
    height, width = map_size
    limit = tf.constant([height - clip_margin, width - clip_margin] * 2, tf.float32)
    boxes_map = tf.clip_by_value(boxes_map, 0.0, limit)
    size = boxes_map[..., 2:] - boxes_map[..., :2]
    mask = tf.logical_and(mask, tf.reduce_all(size > 0.0, axis=-1))

    center = (boxes_map[..., :2] + boxes_map[..., 2:]) / 2.0
    # Rounding can put the centre of a sliver on the far border itself, which is no cell.
    last_cell = tf.constant([height - 1, width - 1], tf.int32)
    cell = tf.minimum(tf.cast(tf.where(mask[..., tf.newaxis], center, 0.0), tf.int32), last_cell)
    radius = tf.cast(
        gaussian_radius(tf.where(mask[..., tf.newaxis], size, 1.0), radius_rule, min_overlap),
        tf.int32,
    )
    radius = tf.where(mask, radius, -1)
    if draw:
        peaks = {"heatmap": draw_gaussians(cell, radius, classes, map_size, num_classes)}
    else:
        peaks = {"peak_cell": cell, "peak_radius": radius, "peak_class": classes}

    index = cell[..., 0] * width + cell[..., 1]
    if cell_owner == "last":
        mask = tf.logical_and(mask, tf.logical_not(covered_by_a_later(index, mask)))
    kept = tf.cast(mask, tf.float32)
    return {
        **peaks,
        "index": tf.where(mask, index, 0),
        "mask": kept,
        "size": size * kept[..., tf.newaxis],
        "offset": (center - tf.cast(cell, tf.float32)) * kept[..., tf.newaxis],
    }
