"""Suppression against a naive loop over sorted boxes, and against mmcv's picks."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.nms import class_nms
from tests.ops.tflite_run import run_tflite


def naive_nms(boxes, scores, classes, threshold, max_detections):
    """Indices kept of one image, best first."""
    waiting = [i for i in np.argsort(-scores, kind="stable") if scores[i] > 0]
    kept = []
    while waiting and len(kept) < max_detections:
        best = waiting.pop(0)
        kept.append(best)
        waiting = [
            i
            for i in waiting
            if classes[i] != classes[best] or naive_iou(boxes[i], boxes[best]) <= threshold
        ]
    return kept


def naive_iou(one, other):
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    shared = np.prod(np.maximum(high - low, 0))
    union = np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]) - shared
    return shared / union if union > 0 else 0.0


@pytest.fixture(name="candidates")
def make_candidates(rng):
    centers, halves = rng.uniform(0, 60, [3, 80, 2]), rng.uniform(4, 20, [3, 80, 2])
    boxes = np.float32(np.concatenate([centers - halves, centers + halves], -1))
    scores = np.float32(rng.uniform(0.05, 1, [3, 80]))
    scores[0, ::3] = 0.0
    scores[2] = 0.0
    # No extent, and twice the same box.
    boxes[1, 5, 2:] = boxes[1, 5, :2]
    boxes[1, 7] = boxes[1, 6]
    return boxes, scores, rng.integers(0, 3, [3, 80]).astype(np.int32)


@pytest.mark.parametrize("threshold,rows", [(0.5, 20), (0.2, 20), (0.5, 100)])
def test_equals_the_naive_loop(candidates, threshold, rows):
    compiled = tf.function(class_nms, jit_compile=True)
    dynamic = tf.function(
        class_nms,
        input_signature=[
            tf.TensorSpec([None, None, 4]),
            tf.TensorSpec([None, None]),
            tf.TensorSpec([None, None], tf.int32),
            tf.TensorSpec([]),
            tf.TensorSpec([], tf.int32),
        ],
    )
    for function in (class_nms, compiled):
        check(function(*candidates, threshold, rows), candidates, threshold, rows)
    check(dynamic(*candidates, threshold, rows), candidates, threshold, rows)


def check(found, candidates, threshold, rows):
    assert found.boxes.shape == (3, rows, 4)
    for image, (boxes, scores, classes) in enumerate(zip(*candidates)):
        kept = naive_nms(boxes, scores, classes, threshold, rows)
        count = int(found.count[image])
        assert count == len(kept)
        np.testing.assert_array_equal(found.boxes[image, :count], boxes[kept])
        np.testing.assert_array_equal(found.scores[image, :count], scores[kept])
        np.testing.assert_array_equal(found.classes[image, :count], classes[kept])
        for value in found[:3]:
            assert not np.any(value[image, count:])


def test_tflite_finds_the_same(candidates):
    boxes, scores, classes = (value[:1] for value in candidates)

    def suppress(boxes, scores, classes):
        return class_nms(boxes, scores, classes, 0.5, 20)._asdict()

    found = run_tflite(suppress, boxes=boxes, scores=scores, classes=classes)
    for name, value in suppress(boxes, scores, classes).items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


def test_what_overlaps_by_the_threshold_stays():
    boxes = np.float32([[[0, 0, 4, 4], [0, 2, 4, 4], [0, 2.1, 4, 4]]])
    scores, classes = np.float32([[0.9, 0.8, 0.7]]), np.zeros([1, 3], np.int32)
    assert class_nms(boxes[:, :2], scores[:, :2], classes[:, :2], 0.5, 3).count == 2
    assert class_nms(boxes[:, :2], scores[:, :2], classes[:, :2], 0.49, 3).count == 1


def test_a_dropped_box_drops_nothing():
    boxes = np.float32([[[0, 0, 4, 10], [0, 4, 4, 14], [0, 8, 4, 18]]])
    scores, classes = np.float32([[0.9, 0.8, 0.7]]), np.zeros([1, 3], np.int32)
    found = class_nms(boxes, scores, classes, 0.4, 3)
    np.testing.assert_array_equal(found.scores[0], np.float32([0.9, 0.7, 0.0]))


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7])
def test_mmcv_golden(testdata, threshold):
    golden = np.load(testdata / "golden/nms.npz")
    boxes, scores = golden["boxes"][None][..., [1, 0, 3, 2]], golden["scores"][None]
    keep = golden[f"nms_{threshold}_off0_keep"]
    found = class_nms(boxes, scores, np.zeros([1, 60], np.int32), threshold, 60)
    assert found.count == len(keep)
    np.testing.assert_array_equal(found.boxes[0, : len(keep)], boxes[0, keep])
    np.testing.assert_array_equal(found.scores[0, : len(keep)], scores[0, keep])


def test_mmcv_class_wise_golden(testdata):
    golden = np.load(testdata / "golden/nms.npz")
    boxes, scores = golden["boxes"][None][..., [1, 0, 3, 2]], golden["scores"][None]
    keep = golden["batched_nms_keep"]
    found = class_nms(boxes, scores, golden["labels"][None], 0.5, 60)
    assert found.count == len(keep)
    np.testing.assert_array_equal(found.boxes[0, : len(keep)], boxes[0, keep])
    np.testing.assert_array_equal(found.classes[0, : len(keep)], golden["labels"][keep])
