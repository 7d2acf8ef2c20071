"""Pairs of corners and their confirmation by centres against loops: eager, XLA, TFLite."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.corner_decode import (
    Keypoints,
    confirm_by_centers,
    pair_corners,
    top_keypoints,
)
from centernet_tf.ops.detections import Detections
from tests.ops.tflite_run import run_tflite

SIZE = (64, 96)


def random_keypoints(rng, count=9, tags=True):
    """Places that may lie a little outside the input."""
    return Keypoints(
        places=np.float32(rng.uniform(-4, 1.04 * np.array(SIZE), [2, count, 2])),
        scores=np.float32(np.sort(rng.uniform(size=[2, count]))[:, ::-1]),
        classes=rng.integers(0, 2, [2, count]).astype(np.int32),
        tags=np.float32(rng.normal(scale=0.5, size=[2, count])) if tags else None,
    )


def naive_pairs(tl, br, image, limit):
    rows = []
    for i in range(tl.scores.shape[1]):
        for j in range(br.scores.shape[1]):
            low, high = (np.clip(p[image], 0, SIZE) for p in (tl.places[:, i], br.places[:, j]))
            if tl.classes[image, i] != br.classes[image, j]:
                continue
            if abs(tl.tags[image, i] - br.tags[image, j]) > 0.5 or np.any(high <= low):
                continue
            score = (tl.scores[image, i] + br.scores[image, j]) / 2
            rows.append([*low, *high, score, tl.classes[image, i]])
    return np.array(sorted(rows, key=lambda row: -row[4])[:limit])


def check(found, image, rows):
    count = int(found.count[image])
    assert count == len(rows)
    np.testing.assert_allclose(found.boxes[image, :count], rows[:, :4], atol=1e-4)
    np.testing.assert_allclose(found.scores[image, :count], rows[:, 4], atol=1e-6)
    np.testing.assert_array_equal(found.classes[image, :count], rows[:, 5])
    assert not np.any(found.scores[image, count:])


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("limit", [5, 81])
def test_pairs_equal_a_loop(rng, limit, jit_compile):
    tl, br = random_keypoints(rng), random_keypoints(rng)

    def run(tl, br):
        return pair_corners(tl, br, SIZE, 0.5, limit)

    found = tf.function(run, jit_compile=jit_compile)(tl, br)
    for image in range(2):
        check(found, image, naive_pairs(tl, br, image, limit))


def random_pairs(rng, count=12):
    low = rng.uniform(0, 30, [2, count, 2])
    scores = np.float32(np.sort(rng.uniform(0.1, 1, [2, count]))[:, ::-1])
    scores[:, -2:] = 0.0
    return Detections(
        boxes=np.float32(np.concatenate([low, low + rng.uniform(8, 60, [2, count, 2])], -1)),
        scores=scores,
        classes=rng.integers(0, 2, [2, count]).astype(np.int32),
        count=np.int32([count - 2] * 2),
    )


def centers_near(rng, boxes):
    """A centre a box, some of them in its central region and of its class."""
    middle = (boxes[..., :2] + boxes[..., 2:]) / 2
    places = np.float32(middle + rng.normal(scale=3.0, size=middle.shape))
    centers = random_keypoints(rng, boxes.shape[1], tags=False)
    return centers._replace(places=places)


def naive_confirmed(pairs, centers, image, small_area):
    rows = []
    for box, score, label in zip(pairs.boxes[image], pairs.scores[image], pairs.classes[image]):
        top, left, bottom, right = box
        n = 3 if (bottom - top) * (right - left) <= small_area else 5
        # The central region of the paper's equations 1 and 2.
        low_y, high_y = (
            ((n + 1) * top + (n - 1) * bottom) / (2 * n),
            ((n - 1) * top + (n + 1) * bottom) / (2 * n),
        )
        low_x, high_x = (
            ((n + 1) * left + (n - 1) * right) / (2 * n),
            ((n - 1) * left + (n + 1) * right) / (2 * n),
        )
        for place, center_score, center_label in zip(
            centers.places[image], centers.scores[image], centers.classes[image]
        ):
            inside = low_y < place[0] < high_y and low_x < place[1] < high_x
            if inside and center_label == label and score > 0:
                rows.append([*box, (2 * score + center_score) / 3, label])
                break
    return np.array(sorted(rows, key=lambda row: -row[4]))


@pytest.mark.parametrize("jit_compile", [False, True])
def test_confirmation_equals_a_loop(rng, jit_compile):
    pairs = random_pairs(rng)
    centers = centers_near(rng, pairs.boxes)

    def run(pairs, centers):
        return confirm_by_centers(pairs, centers, 900.0)

    found = tf.function(run, jit_compile=jit_compile)(pairs, centers)
    areas = np.prod(pairs.boxes[..., 2:] - pairs.boxes[..., :2], -1)
    assert (areas > 900).any() and (areas < 900).any()
    for image in range(2):
        rows = naive_confirmed(pairs, centers, image, 900.0)
        assert 0 < len(rows) < 10
        check(found, image, rows)


def test_the_first_of_several_centers_confirms():
    pairs = Detections(
        tf.constant([[[0.0, 0.0, 30.0, 30.0]]]), tf.constant([[0.6]]), tf.constant([[1]]), [1]
    )
    centers = Keypoints(
        tf.constant([[[15.0, 15.0], [16.0, 14.0]]]), tf.constant([[0.3, 0.9]]), [[1, 1]], None
    )
    found = confirm_by_centers(pairs, centers._replace(classes=tf.constant([[1, 1]])), 22500.0)
    np.testing.assert_allclose(found.scores, [[(2 * 0.6 + 0.3) / 3]])
    edge = Keypoints(tf.constant([[[10.0, 15.0]]]), tf.constant([[0.9]]), tf.constant([[1]]), None)
    assert int(confirm_by_centers(pairs, edge, 22500.0).count[0]) == 0


def test_keypoints_are_peaks_with_offset_and_tag(rng):
    logits = rng.normal(size=[2, 5, 6, 2]).astype(np.float32)
    offset, tags = rng.uniform(size=[2, 5, 6, 2]), rng.normal(size=[2, 5, 6, 1])
    found = top_keypoints(
        tf.constant(logits), tf.constant(offset), tf.constant(tags), 4, 3, (19, 24)
    )
    for image in range(2):
        peaks = []
        for y, x, label in np.ndindex(5, 6, 2):
            window = logits[image, max(0, y - 1) : y + 2, max(0, x - 1) : x + 2, label]
            if logits[image, y, x, label] == window.max():
                peaks.append((logits[image, y, x, label], y, x, label))
        for row, (value, y, x, label) in enumerate(sorted(peaks, reverse=True)[:4]):
            place = ([y, x] + offset[image, y, x]) * [19 / 5, 24 / 6]
            np.testing.assert_allclose(found.places[image, row], place, rtol=1e-5)
            np.testing.assert_allclose(
                found.scores[image, row], 1 / (1 + np.exp(-value)), rtol=1e-5
            )
            np.testing.assert_allclose(found.tags[image, row], tags[image, y, x, 0], rtol=1e-5)
            assert found.classes[image, row] == label


def test_through_the_tflite_interpreter(rng):
    scores = np.float32([[0.9, 0.8, 0.7]])
    classes, tags = np.int32([[0, 1, 0]]), np.float32([[1.0, 2.0, 3.0]])
    places = np.float32(rng.uniform(0, 20, [1, 3, 2]))
    points = {
        "a": (places, scores, classes, tags),
        "b": (places + 30, scores, classes, tags + 0.3),
        "c": (places + 15, scores, classes, tags),
    }

    def run(**values):
        tl, br, centers = (Keypoints(*(values[f"{n}{i}"] for i in range(4))) for n in "abc")
        return confirm_by_centers(pair_corners(tl, br, SIZE, 0.5, 8), centers, 900.0)._asdict()

    values = {f"{name}{i}": value for name, each in points.items() for i, value in enumerate(each)}
    found = run_tflite(run, **values)
    expected = run(**{name: tf.constant(value) for name, value in values.items()})
    assert int(expected["count"][0]) == 3
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, atol=1e-4)
