"""From FCOS's maps to detections, by either published scoring rule."""

import tensorflow as tf

from centernet_tf.ops.pyramid_decode import above_threshold, level_candidates, suppress_levels


def decode_fcos(
    class_logits,
    distances,
    centerness_logits,
    strides,
    image_size,
    score_rule,
    score_threshold,
    level_limit,
    iou_threshold,
    max_detections,
):
    """Scores cells, keeps the best of each level, and suppresses what overlaps.

    Args:
      class_logits: list of [B, H, W, C], one a level.
      distances: list of [B, H, W, 4], (top, left, bottom, right) in pixels of the network input.
      centerness_logits: list of [B, H, W, 1].
      strides: pixels a cell of each level.
      image_size: (height, width) in pixels that boxes are clipped to.
      score_rule: 'root' ranks cells by class probability times centerness and scores by the square
        root of it (the original); 'product' ranks them by class probability alone and scores by
        the product (mmdet).
      score_threshold: least class probability, centerness aside.
      level_limit: pairs of cell and class that a level may offer.
      iou_threshold: see `class_nms`.
      max_detections: rows of the result.

    Returns:
      `Detections` in pixels of the network input.
    """
    levels = []
    for logits, sides, central, stride in zip(class_logits, distances, centerness_logits, strides):
        scores = above_threshold(logits, score_threshold)
        central = tf.sigmoid(tf.cast(central, tf.float32))
        if score_rule == "root":
            found = level_candidates(scores * central, sides, stride, level_limit)
            found = found._replace(scores=tf.sqrt(found.scores))
        else:
            found = level_candidates(scores, sides, stride, level_limit, factor=central)
        levels.append(found)
    return suppress_levels(levels, image_size, iou_threshold, max_detections)
