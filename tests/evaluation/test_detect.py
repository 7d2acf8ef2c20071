"""Batches become COCO results in the frame of the original image."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.evaluation.detect import coco_results, detect_batches, detect_function
from centernet_tf.ops.detections import Detections
from tests.evaluation import fakes


def test_boxes_return_to_the_original_image_in_float32():
    batch = next(fakes.batches())
    found = detect_function(fakes.fake_network, fakes.FakeDetector())(
        batch["image"], batch["transform"]
    )
    assert found.boxes.dtype == tf.float32
    np.testing.assert_allclose(found.boxes[0, :2], [[2, 2, 10, 7], [18, 15, 23, 30]])


def test_every_image_once_and_no_padding():
    progress = []
    results = detect_batches(
        [detect_function(fakes.fake_network, fakes.FakeDetector())],
        fakes.batches(),
        [3, 7],
        lambda: progress.append(1),
    )
    assert [row["image_id"] for row in results] == [11, 11, 12, 12, 13, 13]
    assert [row["category_id"] for row in results] == [3, 7] * 3
    assert results[0]["bbox"] == [2.0, 2.0, 5.0, 8.0]
    assert results[0]["score"] == pytest.approx(0.9)
    assert len(progress) == 3


def test_results_keep_full_precision_and_stay_outside_the_image():
    found = Detections(
        np.float32([[[-3.123456, 1, 5, 9.87654]]]),
        np.float32([[0.123456]]),
        np.int32([[0]]),
        np.int32([1]),
    )
    (row,) = coco_results(found, [5], [True], [1])
    np.testing.assert_allclose(row["bbox"], [1, -3.123456, 8.87654, 8.123456], rtol=1e-6)
    assert row["score"] == float(np.float32(0.123456))
    assert {type(value) for value in row["bbox"]} == {float}
    assert type(row["image_id"]) is int


def test_count_of_zero_gives_nothing():
    found = Detections(
        np.zeros([1, 4, 4]), np.zeros([1, 4]), np.zeros([1, 4], int), np.zeros([1], int)
    )
    assert coco_results(found, [5], [True], [1]) == []
