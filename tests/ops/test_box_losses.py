"""Overlap losses against a loop in float64, against mmdet's numbers, and tensorflow_addons'."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_addons as tfa

from centernet_tf.ops import box_losses


def naive_terms(box, target):
    """Shared, covered and enclosing area of two boxes."""
    shared = max(min(box[2], target[2]) - max(box[0], target[0]), 0) * max(
        min(box[3], target[3]) - max(box[1], target[1]), 0
    )
    areas = [max(b[2] - b[0], 0) * max(b[3] - b[1], 0) for b in (box, target)]
    around = (max(box[2], target[2]) - min(box[0], target[0])) * (
        max(box[3], target[3]) - min(box[1], target[1])
    )
    return shared, sum(areas) - shared, around


def naive_loss(name, boxes, targets, smoothing):
    losses = []
    for box, target in zip(boxes.astype(np.float64), targets.astype(np.float64)):
        shared, union, around = naive_terms(box, target)
        iou = (shared + smoothing) / (union + smoothing)
        if name == "iou_loss":
            losses.append(-np.log(max(iou, 1e-6)))
        else:
            losses.append(1 - iou + (around - union) / around)
    return np.array(losses)


@pytest.fixture(name="pairs")
def make_pairs(rng):
    corners = rng.uniform(0, 20, [2, 50, 2])
    boxes = np.float32(np.concatenate([corners, corners + rng.uniform(0.5, 20, [2, 50, 2])], -1))
    boxes[0, 3] = boxes[1, 3]
    boxes[0, 4] = (90, 90, 95, 99)
    return boxes


@pytest.mark.parametrize("name", ["iou_loss", "giou_loss"])
@pytest.mark.parametrize("smoothing", [0.0, 1.0])
def test_equals_the_naive_loss(pairs, name, smoothing):
    loss = getattr(box_losses, name)
    expected = naive_loss(name, *pairs, smoothing)
    for function in (loss, tf.function(loss, jit_compile=True)):
        np.testing.assert_allclose(function(*pairs, smoothing), expected, rtol=1e-4, atol=1e-5)
    boxes = tf.constant(pairs[0])
    with tf.GradientTape() as tape:
        tape.watch(boxes)
        total = tf.reduce_sum(loss(boxes, pairs[1], smoothing))
    gradient = tape.gradient(total, boxes).numpy()
    step = 1e-4
    for row, side in ((0, 0), (5, 1), (7, 2), (9, 3)):
        up, down = pairs[0].astype(np.float64), pairs[0].astype(np.float64)
        up[row, side] += step
        down[row, side] -= step
        slope = naive_loss(name, up, pairs[1], smoothing) - naive_loss(
            name, down, pairs[1], smoothing
        )
        np.testing.assert_allclose(gradient[row, side], slope[row] / (2 * step), atol=1e-3)


@pytest.mark.parametrize("name", ["iou_loss", "giou_loss"])
def test_boxes_without_extent_have_finite_gradients(name):
    boxes = tf.constant([[0, 0, 0, 0], [3, 3, 3, 3], [5, 5, 4, 4]], tf.float32)
    targets = tf.constant([[0, 0, 0, 0], [0, 0, 9, 9], [0, 0, 9, 9]], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(boxes)
        loss = getattr(box_losses, name)(boxes, targets)
    assert np.isfinite(loss).all()
    assert np.isfinite(tape.gradient(loss, boxes)).all()


def test_the_place_of_the_point_does_not_matter(rng):
    near, far = rng.uniform(0.1, 9, [2, 30, 4]).astype(np.float32)
    point = np.float32([[30, 50]])
    around = [np.concatenate([point - d[:, :2], point + d[:, 2:]], -1) for d in (near, far)]
    for loss in (box_losses.iou_loss, box_losses.giou_loss):
        at_origin = loss(box_losses.distance_boxes(near), box_losses.distance_boxes(far))
        np.testing.assert_allclose(at_origin, loss(*around), rtol=1e-3, atol=1e-4)


def test_centerness_equals_the_formula(rng):
    distances = rng.uniform(0, 20, [30, 4]).astype(np.float32)
    distances[0], distances[1] = 0.0, 5.0
    naive = []
    for top, left, bottom, right in distances.astype(np.float64):
        pairs = ((left, right), (top, bottom))
        naive.append(np.sqrt(np.prod([min(p) / max(p) if max(p) else 0.0 for p in pairs])))
    compiled = tf.function(box_losses.centerness, jit_compile=True)
    for function in (box_losses.centerness, compiled):
        np.testing.assert_allclose(function(distances), naive, atol=1e-5)
    assert naive[1] == 1.0


def test_giou_is_that_of_tensorflow_addons(pairs):
    np.testing.assert_allclose(
        box_losses.giou_loss(*pairs), tfa.losses.giou_loss(pairs[1], pairs[0]), atol=1e-5
    )


def test_mmdet_golden(testdata):
    golden = np.load(testdata / "golden/bbox_losses.npz")
    boxes, targets = (golden[name][:, [1, 0, 3, 2]] for name in ("pred", "target"))
    np.testing.assert_allclose(
        box_losses.iou_loss(boxes, targets), golden["iou_none"], rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(
        box_losses.giou_loss(boxes, targets), golden["giou_none"], rtol=1e-4, atol=1e-5
    )
