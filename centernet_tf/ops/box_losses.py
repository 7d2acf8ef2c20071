"""Losses of boxes by their overlap (UnitBox, Yu et al. 2016; GIoU, Rezatofighi et al. 2019)."""

import tensorflow as tf

# Least union, enclosing area and IoU that are divided by or whose logarithm is taken (mmdet).
_EPSILON = 1e-6


def iou_loss(boxes, targets, smoothing=0.0):
    """-log of intersection over union.

    Args:
      boxes: float32 [..., 4], yxyx, any unit.
      targets: float32 [..., 4], in the same unit.
      smoothing: added to intersection and union, in squares of the unit. The original FCOS adds 1,
        mmdet nothing.

    Returns:
      float32 [...], 0 where boxes are equal; finite, gradients too, for boxes without extent.
    """
    shared, union, _ = _areas(boxes, targets)
    return -tf.math.log(tf.maximum(_quotient(shared, union, smoothing), _EPSILON))


def giou_loss(boxes, targets, smoothing=0.0):
    """1 - GIoU, which also tells apart boxes that do not touch; arguments as of `iou_loss`.

    The enclosing term is never smoothed, as in the original FCOS.
    """
    shared, union, enclosing = _areas(boxes, targets)
    enclosing = tf.maximum(enclosing, _EPSILON)
    return 1.0 - _quotient(shared, union, smoothing) + (enclosing - union) / enclosing


def distance_boxes(distances):
    """Boxes around the origin from (top, left, bottom, right) [..., 4].

    The overlap of two boxes around the same point does not depend on where it is.
    """
    return tf.concat([-distances[..., :2], distances[..., 2:]], axis=-1)


def centerness(distances):
    """How central a point is in its box: 1 in the middle, 0 at a side (FCOS, equation 3).

    Args:
      distances: float32 [..., 4], (top, left, bottom, right); 0 or more.

    Returns:
      float32 [...]; 0 for a box without extent.
    """
    low = tf.minimum(distances[..., :2], distances[..., 2:])
    high = tf.maximum(distances[..., :2], distances[..., 2:])
    return tf.sqrt(tf.reduce_prod(tf.math.divide_no_nan(low, high), axis=-1))


def _quotient(shared, union, smoothing):
    return (shared + smoothing) / tf.maximum(union + smoothing, _EPSILON)


def _areas(boxes, targets):
    """Areas [...] that both boxes share, that either covers, and of the box around both."""
    low, high = tf.maximum(boxes, targets), tf.minimum(boxes, targets)
    shared = _area(low[..., :2], high[..., 2:])
    union = _area(boxes[..., :2], boxes[..., 2:]) + _area(targets[..., :2], targets[..., 2:])
    return shared, union - shared, _area(high[..., :2], low[..., 2:])


def _area(low, high):
    sides = tf.maximum(high - low, 0.0)
    return sides[..., 0] * sides[..., 1]


def sized_boxes(centers, sizes):
    """Boxes yxyx [..., 4] from centres (y, x) [..., 2] and sizes (h, w) [..., 2]."""
    return tf.concat([centers - sizes / 2.0, centers + sizes / 2.0], axis=-1)
