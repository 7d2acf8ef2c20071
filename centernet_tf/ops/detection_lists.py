"""Lists of detections put together, cut and turned round."""

import tensorflow as tf

from centernet_tf.ops.detections import Detections


def joined(one, other):
    """Returns both `Detections` in one, in no order; rows of no meaning must have score 0."""
    boxes, scores, classes = (tf.concat(pair, axis=1) for pair in zip(one[:3], other[:3]))
    return Detections(boxes, scores, classes, one.count + other.count)


def best(found, max_detections):
    """Returns the best rows of `Detections` in any order; rows of score 0 have no meaning."""
    scores, order = tf.math.top_k(found.scores, max_detections)
    return Detections(
        boxes=tf.gather(found.boxes, order, batch_dims=1),
        scores=scores,
        classes=tf.gather(found.classes, order, batch_dims=1),
        count=tf.reduce_sum(tf.cast(scores > 0.0, tf.int32), axis=-1),
    )


def mirrored_boxes(boxes, width):
    """Turns boxes [..., 4] yxyx of a mirror image round; `width` in the unit of the boxes."""
    width = tf.cast(width, tf.float32)
    top, left, bottom, right = tf.unstack(boxes, axis=-1)
    return tf.stack([top, width - right, bottom, width - left], axis=-1)
