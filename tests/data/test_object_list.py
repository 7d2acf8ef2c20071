"""Padding of object lists and what stays when there are too many."""

import numpy as np
import tensorflow as tf

from centernet_tf.data.object_list import pad_objects


def boxes_of_side(*sides):
    return tf.constant([[0.0, 0.0, side, side] for side in sides]) if sides else tf.zeros([0, 4])


def pad(boxes, keep, max_boxes):
    classes = tf.range(len(keep))
    keep = tf.constant(keep, tf.bool, [len(keep)])
    eager = pad_objects(boxes, classes, keep, max_boxes)
    dataset = tf.data.Dataset.from_tensors((boxes, classes, keep))
    mapped = next(iter(dataset.map(lambda b, c, k: pad_objects(b, c, k, max_boxes))))
    for one, other in zip(eager, mapped):
        np.testing.assert_array_equal(one, other)
    return eager


def test_kept_objects_come_first_in_their_order():
    boxes, classes, mask = pad(boxes_of_side(5, 1, 9, 2), [True, False, True, True], 6)
    np.testing.assert_array_equal(classes, [0, 2, 3, 0, 0, 0])
    np.testing.assert_array_equal(mask, [True] * 3 + [False] * 3)
    np.testing.assert_array_equal(boxes[:, 3], [5, 9, 2, 0, 0, 0])


def test_the_largest_stay():
    _, classes, mask = pad(boxes_of_side(5, 1, 9, 2, 7), [True, True, False, True, True], 2)
    np.testing.assert_array_equal(classes, [0, 4])
    np.testing.assert_array_equal(mask, [True, True])


def test_boxes_without_extent_rank_before_dropped_ones():
    _, classes, mask = pad(boxes_of_side(0, 3), [True, False], 2)
    np.testing.assert_array_equal(classes, [0, 0])
    np.testing.assert_array_equal(mask, [True, False])


def test_no_objects():
    boxes, _, mask = pad(boxes_of_side(), [], 3)
    assert boxes.shape == (3, 4)
    assert not np.any(mask)
