"""Which objects of a list a network of a given input size can learn."""

import numpy as np
import tensorflow as tf

from centernet_tf.ops.object_boxes import visible_objects


def test_objects_are_clipped_and_those_outside_left_out():
    boxes = np.float32([[-4, 2, 9, 30], [2, 2, 5, 5], [25, 3, 30, 9], [1, 1, 1, 8], [0, 0, 9, 9]])
    mask = np.array([True, True, True, True, False])
    for function in (visible_objects, tf.function(visible_objects, jit_compile=True)):
        clipped, kept = function(boxes, mask, (20, 24))
        expected = [[0, 2, 9, 24], [2, 2, 5, 5], [20, 3, 20, 9], [1, 1, 1, 8], [0, 0, 9, 9]]
        np.testing.assert_array_equal(clipped, expected)
        assert kept.numpy().tolist() == [True, True, False, False, False]
