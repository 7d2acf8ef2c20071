"""Lists of detections put together, cut and turned round."""

import numpy as np
import tensorflow as tf

from centernet_tf.ops.detection_lists import best, joined, mirrored_boxes
from centernet_tf.ops.detections import Detections


def detections(scores, first):
    count = len(scores)
    boxes = tf.range(first, first + 4 * count, dtype=tf.float32)
    return Detections(
        boxes=tf.reshape(boxes, [1, count, 4]),
        scores=tf.constant([scores], tf.float32),
        classes=tf.range(first, first + count)[tf.newaxis],
        count=tf.constant([sum(score > 0 for score in scores)]),
    )


def test_the_best_of_two_lists():
    def run():
        return best(joined(detections([0.9, 0.2, 0.0], 0), detections([0.5, 0.0], 100)), 4)

    for found in (run(), tf.function(run, jit_compile=True)()):
        np.testing.assert_allclose(found.scores, [[0.9, 0.5, 0.2, 0.0]])
        assert found.classes[0, :3].numpy().tolist() == [0, 100, 1]
        assert found.boxes[0, 1].numpy().tolist() == [100, 101, 102, 103]
        assert found.count.numpy().tolist() == [3]


def test_boxes_are_turned_round():
    turned = mirrored_boxes(tf.constant([[[1.0, 2.0, 3.0, 10.0]]]), 64)
    assert turned.numpy().tolist() == [[[1.0, 54.0, 3.0, 62.0]]]
