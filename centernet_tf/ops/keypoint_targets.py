"""What a network of corners, or of corners and centres, should draw for the boxes of images."""

import tensorflow as tf

from centernet_tf.ops.gaussian import draw_gaussians, gaussian_radius
from centernet_tf.ops.shared_cells import covered_by_a_later

# Sigma of a peak is (2 r + 1) over this; the code of the keypoint triplets has 5 for centres.
_SIGMA_DIVISORS = {"tl": 6.0, "br": 6.0, "center": 5.0}


def keypoint_targets(
    boxes_map,
    classes,
    mask,
    map_size,
    num_classes,
    radius_rule,
    min_overlap,
    cell_owner,
    names=("tl", "br"),
):
    """Builds heat-maps and offsets of the keypoints of objects (CornerNet, sections 3.2 and 3.3).

    Args:
      boxes_map: float32 [..., M, 4], yxyx, map pixels, inside the map. Leading axes are images.
      classes: int32 [..., M].
      mask: bool [..., M], False for padding.
      map_size: (height, width) in cells.
      num_classes: C.
      radius_rule, min_overlap: see `gaussian_radius`.
      cell_owner: 'all' trains the offset of every object of a shared cell (original), 'last' that
        of the last one alone (mmdet).
      names: of the keypoints: 'tl' top-left corner, 'br' bottom-right corner, 'center'.

    Returns:
      dict of mask float32 [..., M], 0 for padding and for boxes of no extent, and for each name N:
        N_heatmap: float32 [..., height, width, C].
        N_index: int32 [..., M], y * width + x of the keypoint's cell.
        N_mask: float32 [..., M], 1 where the offset is trained.
        N_offset: float32 [..., M, 2], (y, x) of the keypoint inside its cell, 0..1.
    """
    size = boxes_map[..., 2:] - boxes_map[..., :2]
    mask = mask & tf.reduce_all(size > 0.0, axis=-1)
    present = mask[..., tf.newaxis]
    radius = gaussian_radius(tf.where(present, size, 1.0), radius_rule, min_overlap)
    radius = tf.where(mask, tf.cast(radius, tf.int32), -1)
    places = {
        "tl": boxes_map[..., :2],
        "br": boxes_map[..., 2:],
        "center": (boxes_map[..., :2] + boxes_map[..., 2:]) / 2.0,
    }
    last_cell = tf.constant([side - 1 for side in map_size], tf.int32)
    targets = {"mask": tf.cast(mask, tf.float32)}
    for name in names:
        place = tf.where(present, places[name], 0.0)
        # A corner on the far border itself belongs to the last cell.
        cell = tf.minimum(tf.cast(place, tf.int32), last_cell)
        index = cell[..., 0] * map_size[1] + cell[..., 1]
        trained = mask & ~covered_by_a_later(index, mask) if cell_owner == "last" else mask
        divisor = _SIGMA_DIVISORS[name]
        targets |= {
            f"{name}_heatmap": draw_gaussians(
                cell, radius, classes, map_size, num_classes, divisor
            ),
            f"{name}_index": index,
            f"{name}_mask": tf.cast(trained, tf.float32),
            f"{name}_offset": place - tf.cast(cell, tf.float32),
        }
    return targets
