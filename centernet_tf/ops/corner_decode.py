"""From corner maps to boxes: the best corners, all pairs of them, and the pairs that agree."""

from typing import NamedTuple

import tensorflow as tf

from centernet_tf.ops.detections import Detections
from centernet_tf.ops.peaks import keep_peaks, top_peaks
from centernet_tf.ops.sparse_l1 import gather_cells


class Keypoints(NamedTuple):
    """The best K peaks of a heat-map.

    Attributes:
      places: float32 [B, K, 2], (y, x), pixels of the network input.
      scores: float32 [B, K], falling.
      classes: int32 [B, K].
      tags: float32 [B, K], or None.
    """

    places: tf.Tensor
    scores: tf.Tensor
    classes: tf.Tensor
    tags: tf.Tensor


def top_keypoints(heatmap_logits, offset, tags, k, peak_kernel, input_size):
    """Reads the best peaks of a heat-map off its maps.

    Args:
      heatmap_logits: [B, H, W, C]; C static, H and W where the program is compiled.
      offset: [B, H, W, 2], (y, x) inside the cell.
      tags: [B, H, W, 1], or None.
      k: peaks an image.
      peak_kernel: odd side of the max-pool window.
      input_size: (height, width) in pixels, numbers or scalars.

    Returns:
      `Keypoints`.
    """
    values, cell, classes = top_peaks(
        keep_peaks(tf.cast(heatmap_logits, tf.float32), peak_kernel), k
    )
    height, width = (heatmap_logits.shape[a] or tf.shape(heatmap_logits)[a] for a in (1, 2))
    corner = tf.cast(tf.stack([cell // width, cell % width], axis=-1), tf.float32)
    place = corner + tf.cast(gather_cells(offset, cell), tf.float32)
    stride = [tf.cast(side, tf.float32) for side in input_size]
    stride = tf.stack(stride) / tf.cast(tf.stack([height, width]), tf.float32)
    if tags is not None:
        tags = tf.cast(gather_cells(tags, cell), tf.float32)[..., 0]
    return Keypoints(place * stride, tf.sigmoid(values), tf.cast(classes, tf.int32), tags)


def pair_corners(tl, br, input_size, max_tag_distance, num_pairs):
    """Pairs every top-left with every bottom-right corner (CornerNet, section 3.4).

    A pair counts when the classes are equal, the tags are near, and the bottom-right corner lies
    below and to the right of the other. Its score is the mean of the corners'. Corners outside the
    input are moved to its border first, as mmdet does; the original clips the boxes afterwards.

    Args:
      tl, br: `Keypoints` of K1 and K2 corners.
      input_size: (height, width) in pixels, numbers or scalars.
      max_tag_distance: above which corners do not belong together.
      num_pairs: rows N of the result, the best ones; at most K1 * K2.

    Returns:
      `Detections` in pixels of the input, best first; rows from `count` on have score 0.
    """
    limit = tf.stack([tf.cast(side, tf.float32) for side in input_size])
    low, high = (tf.clip_by_value(each.places, 0.0, limit) for each in (tl, br))
    low, high = low[:, :, tf.newaxis], high[:, tf.newaxis]
    agree = tf.reduce_all(high > low, axis=-1)
    agree &= tl.classes[:, :, tf.newaxis] == br.classes[:, tf.newaxis]
    agree &= tf.abs(tl.tags[:, :, tf.newaxis] - br.tags[:, tf.newaxis]) <= max_tag_distance
    scores = (tl.scores[:, :, tf.newaxis] + br.scores[:, tf.newaxis]) / 2.0
    first, second = tl.scores.shape[1], br.scores.shape[1]
    scores = tf.reshape(tf.where(agree, scores, -1.0), [-1, first * second])
    scores, pair = tf.math.top_k(scores, num_pairs)
    corners = [
        tf.gather(tf.clip_by_value(each.places, 0.0, limit), row, batch_dims=1)
        for each, row in ((tl, pair // second), (br, pair % second))
    ]
    return Detections(
        boxes=tf.concat(corners, axis=-1),
        scores=tf.maximum(scores, 0.0),
        classes=tf.gather(tl.classes, pair // second, batch_dims=1),
        count=tf.reduce_sum(tf.cast(scores >= 0.0, tf.int32), axis=-1),
    )


def confirm_by_centers(pairs, centers, small_area):
    """Keeps the boxes in whose middle a centre of their class lies (keypoint triplets, 3.1).

    The middle is the central third of each axis for boxes of at most `small_area`, the central
    fifth of larger ones. The new score is (2 * score + the centre's score) / 3, with the best such
    centre, the first in the list.

    Args:
      pairs: `Detections` of `pair_corners`.
      centers: `Keypoints`, any number K, in the order in which they are preferred.
      small_area: in square pixels.

    Returns:
      `Detections` of as many rows, best first; rows from `count` on have score 0.
    """
    low, high = pairs.boxes[..., :2], pairs.boxes[..., 2:]
    size = high - low
    parts = tf.where(size[..., 0] * size[..., 1] <= small_area, 3.0, 5.0)[..., tf.newaxis]
    middle = (low + high) / 2.0
    half = (size / parts / 2.0)[:, :, tf.newaxis]
    distance = tf.abs(centers.places[:, tf.newaxis] - middle[:, :, tf.newaxis])
    inside = tf.reduce_all(distance < half, axis=-1)
    inside &= pairs.classes[:, :, tf.newaxis] == centers.classes[:, tf.newaxis]
    first = tf.argmax(tf.cast(inside, tf.int32), axis=-1, output_type=tf.int32)
    confirmed = tf.reduce_any(inside, axis=-1) & (pairs.scores > 0.0)
    center_scores = tf.gather(centers.scores, first, batch_dims=1)
    scores = tf.where(confirmed, (2.0 * pairs.scores + center_scores) / 3.0, 0.0)
    scores, order = tf.math.top_k(scores, scores.shape[1])
    return Detections(
        boxes=tf.gather(pairs.boxes, order, batch_dims=1),
        scores=scores,
        classes=tf.gather(pairs.classes, order, batch_dims=1),
        count=tf.reduce_sum(tf.cast(confirmed, tf.int32), axis=-1),
    )
