"""Padding of object lists and what stays when there are too many."""

import math

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.data.object_list import pad_objects
from centernet_tf.detectors import make_detector


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


@pytest.mark.parametrize("detector", ["centernet", "cornernet", "fcos", "centernet_update"])
@pytest.mark.parametrize("edge", [math.nan, math.inf, -math.inf])
def test_boxes_that_are_not_finite_make_no_targets(detector, edge):
    backbone = "fpn_resnet18" if detector == "fcos" else "res_18"
    network = f"{{detector: {detector}, backbone: {{name: {backbone}}}}}"
    config = load_config(params_override=[f"model: {network}", "data: {input_size: [128, 128]}"])
    encode = make_detector(config, 2).encode
    good = [8.0, 8.0, 60.0, 50.0]
    both = pad(tf.constant([[8.0, edge, 60.0, 50.0], good]), [True, True], 3)
    np.testing.assert_array_equal(both[2], [True, False, False])
    alone = encode(tf.constant([good, [0.0] * 4, [0.0] * 4]), *both[1:])
    for name, target in encode(*both).items():
        assert np.isfinite(target).all(), name
        np.testing.assert_array_equal(target, alone[name])
