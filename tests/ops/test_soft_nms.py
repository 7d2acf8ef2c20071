"""Soft suppression in the graph against a loop and mmcv's vectors: eager, XLA, TFLite."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.soft_nms import class_soft_nms
from tests.ops.tflite_run import run_tflite


def naive(boxes, scores, classes, limit, sigma, floor, one_pixel):
    left = [[*box, score, label] for box, score, label in zip(boxes, scores, classes)]
    left, kept = [row for row in left if row[4] > 0], []
    while left and len(kept) < limit:
        best = max(left, key=lambda row: row[4])
        if best[4] < floor:
            break
        left = [row for row in left if row is not best]
        kept.append(best)
        for row in left:
            if row[5] != best[5]:
                continue
            sides = [
                max(min(best[2 + a], row[2 + a]) - max(best[a], row[a]) + one_pixel, 0)
                for a in (0, 1)
            ]
            areas = [
                (each[2] - each[0] + one_pixel) * (each[3] - each[1] + one_pixel)
                for each in (best, row)
            ]
            shared = sides[0] * sides[1]
            row[4] *= np.exp(-((shared / (sum(areas) - shared)) ** 2) / sigma)
    return np.array(kept)


def scene(rng, batch=2, count=30):
    low = rng.uniform(0, 40, [batch, count, 2])
    boxes = np.float32(np.concatenate([low, low + rng.uniform(5, 40, [batch, count, 2])], -1))
    scores = np.float32(rng.uniform(0.01, 1, [batch, count]))
    scores[:, ::7] = 0.0
    return boxes, scores, rng.integers(0, 3, [batch, count]).astype(np.int32)


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("limit,floor,one_pixel", [(12, 0.001, 1.0), (40, 0.2, 0.0)])
def test_equals_a_loop(rng, limit, floor, one_pixel, jit_compile):
    boxes, scores, classes = scene(rng)
    run = tf.function(class_soft_nms, jit_compile=jit_compile)
    found = run(boxes, scores, classes, limit, 0.4, floor, one_pixel)
    for image in range(2):
        expected = naive(boxes[image], scores[image], classes[image], limit, 0.4, floor, one_pixel)
        count = int(found.count[image])
        assert count == len(expected)
        np.testing.assert_allclose(found.boxes[image, :count], expected[:, :4])
        np.testing.assert_allclose(found.scores[image, :count], expected[:, 4], rtol=1e-5)
        np.testing.assert_array_equal(found.classes[image, :count], expected[:, 5])
        assert not np.any(found.scores[image, count:]) and not np.any(found.boxes[image, count:])


def test_through_the_tflite_interpreter(rng):
    boxes, scores, classes = scene(rng, batch=1)
    found = run_tflite(
        lambda boxes, scores, classes: class_soft_nms(boxes, scores, classes, 10)._asdict(),
        boxes=boxes,
        scores=scores,
        classes=classes,
    )
    expected = class_soft_nms(boxes, scores, classes, 10)
    for name, value in expected._asdict().items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5)


@pytest.mark.parametrize("offset", [0, 1])
def test_mmcv_golden(testdata, offset):
    golden = np.load(testdata / "golden/nms.npz")
    boxes, scores = golden["boxes"][None][..., [1, 0, 3, 2]], golden["scores"][None]
    same = tf.zeros(scores.shape, tf.int32)
    found = class_soft_nms(boxes, scores, same, 60, 0.5, 0.001, float(offset))
    expected = golden[f"soft_gaussian_off{offset}_dets"]
    assert int(found.count[0]) == len(expected)
    ours = np.concatenate([found.boxes, found.scores[..., None]], -1)[0, : len(expected)]
    np.testing.assert_allclose(ours[:, [1, 0, 3, 2, 4]], expected, atol=1e-3)
