"""CenterNet-Update's targets against one cell and one object at a time, and against mmdet's."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops import update_targets

STRIDES = (8, 16, 32)
SIZES = ((12, 16), (6, 8), (3, 4))
RANGES = ((0.0, 25.0), (20.0, 50.0), (40.0, 1e7))


def naive_radius(box):
    delta = 0.2 / 1.8
    return max(2 * delta**2 * (box[2] - box[0]) * (box[3] - box[1]), 16.0)


def grid():
    """Yields (index, level, y, x, middle in pixels) of every cell."""
    index = 0
    for level, (height, width) in enumerate(SIZES):
        for y, x in np.ndindex(height, width):
            yield index, level, y, x, (np.array([y, x]) + 0.5) * STRIDES[level]
            index += 1


def naive_image(boxes, classes):
    """peaks [P, C]; by cell the object that owns it, or -1; and (object, cell) pairs by kind."""
    cells = list(grid())
    peaks, owner = np.zeros([len(cells), 3]), np.full(len(cells), -1)
    pairs = {"valid": set(), "central": set()}
    for index, level, y, x, middle in cells:
        least = np.inf
        for number, box in enumerate(boxes):
            center = (box[:2] + box[2:]) / 2
            home = (center / STRIDES[level]).astype(int)
            is_home = (y, x) == tuple(home)
            remote = 0.0 if is_home else ((middle - center) ** 2).sum() / naive_radius(box)
            value = np.exp(-remote)
            peaks[index, classes[number]] = max(
                peaks[index, classes[number]], value if value >= 1e-4 else 0
            )
            near = abs(y - home[0]) <= 1 and abs(x - home[1]) <= 1
            side = np.concatenate([middle - box[:2], box[2:] - middle]).min()
            half = np.hypot(*(box[2:] - box[:2])) / 2
            suits = RANGES[level][0] <= half <= RANGES[level][1]
            if near and side >= 0:
                pairs["valid"].add((number, index))
                if is_home and suits:
                    pairs["central"].add((number, index))
            if near and side > 0 and suits and remote < least:
                least, owner[index] = remote, number
    return peaks, owner, pairs


@pytest.fixture(name="objects")
def make_objects(rng):
    extent = rng.uniform(3, 60, [2, 12, 2])
    corners = rng.uniform(0, 1, [2, 12, 2]) * ([96, 128] - extent)
    boxes = np.float32(np.concatenate([corners, corners + extent], -1))
    # The same centre twice, and a middle on the border of cells.
    boxes[0, 2] = boxes[0, 1] + [-2, -2, 2, 2]
    boxes[0, 3] = (8, 8, 24, 24)
    return boxes, rng.integers(0, 3, [2, 12]).astype(np.int32), rng.uniform(size=(2, 12)) < 0.8


def list_cells(boxes, mask):
    radius = update_targets.peak_radius_squared(boxes, 0.8, 4.0)
    return update_targets.center_cells(boxes, mask, radius, SIZES, STRIDES, RANGES)


def test_cells_equal_the_naive_ones(objects):
    boxes, classes, mask = objects
    compiled = tf.function(list_cells, jit_compile=True)
    in_data = next(iter(tf.data.Dataset.from_tensors((boxes, mask)).map(list_cells)))
    naive = [naive_image(boxes[i][mask[i]], classes[i][mask[i]]) for i in range(2)]
    for found in (
        list_cells(tf.constant(boxes), tf.constant(mask)),
        compiled(boxes, mask),
        in_data,
    ):
        assert found["cell"].shape == (2, 12, 27)
        for image in range(2):
            numbers = np.flatnonzero(mask[image])
            _, owner, pairs = naive[image]
            cell = found["cell"][image].numpy()
            for name, expected in pairs.items():
                rows = np.argwhere(found[name][image])
                got = {(list(numbers).index(m), cell[m, n]) for m, n in rows}
                assert got == expected, name
            owned = {cell[m, n]: m for m, n in np.argwhere(found["owned"][image])}
            assert owned == {
                index: numbers[number] for index, number in enumerate(owner) if number >= 0
            }


def test_distances_are_those_from_the_middles_of_cells(objects):
    boxes, _, mask = objects
    found = list_cells(tf.constant(boxes), tf.constant(mask))
    middles = np.array([middle for *_, middle in grid()])
    for image, m, n in np.argwhere(found["valid"]):
        middle = middles[found["cell"][image, m, n]]
        expected = np.concatenate([middle - boxes[image, m, :2], boxes[image, m, 2:] - middle])
        np.testing.assert_allclose(found["distances"][image, m, n], expected, atol=1e-4)
    assert not found["distances"].numpy()[~found["valid"].numpy()].any()


def draw(boxes, classes, mask):
    radius = update_targets.peak_radius_squared(boxes, 0.8, 4.0)
    return update_targets.draw_level_peaks(boxes, classes, mask, radius, SIZES, STRIDES, 3)


def test_peaks_equal_the_naive_ones(objects):
    boxes, classes, mask = objects
    in_data = next(iter(tf.data.Dataset.from_tensors(objects).map(draw)))
    for image in range(2):
        kept = mask[image]
        expected, _, _ = naive_image(boxes[image][kept], classes[image][kept])
        for peaks in (draw(*map(tf.constant, objects)), in_data):
            np.testing.assert_allclose(peaks[image], expected, atol=1e-5)


def test_no_objects():
    for boxes in (np.zeros([2, 0, 4], np.float32), np.zeros([2, 3, 4], np.float32)):
        mask = tf.zeros(boxes.shape[:2], tf.bool)
        assert not draw(tf.constant(boxes), tf.zeros(boxes.shape[:2], tf.int32), mask).numpy().any()
        found = list_cells(tf.constant(boxes), mask)
        assert not any(found[name].numpy().any() for name in ("valid", "central", "owned"))


def test_mmdet_golden(testdata):
    golden = np.load(testdata / "golden/centernet_update.npz")
    sizes, strides = golden["level_hw"].tolist(), golden["strides"].tolist()
    ranges = ((0, 80), (64, 160), (128, 320), (256, 640), (512, 1e7))
    cells = [height * width for height, width in sizes]
    starts = np.cumsum([0, *np.repeat(cells, 2)])
    peaks = np.zeros(golden["cls_target_shape"], np.float32)
    peaks[tuple(golden["cls_target_nz_index"].T)] = golden["cls_target_nz_value"]
    for image in range(2):
        rows = np.concatenate(
            [np.arange(starts[2 * k + image], starts[2 * k + image + 1]) for k in range(5)]
        )
        boxes = tf.constant(golden[f"boxes{image}"][None][..., [1, 0, 3, 2]])
        labels = tf.constant(golden[f"labels{image}"][None])
        mask = tf.ones(labels.shape, tf.bool)
        radius = update_targets.peak_radius_squared(boxes, 0.8, 4.0)
        found = update_targets.center_cells(boxes, mask, radius, sizes, strides, ranges)
        drawn = update_targets.draw_level_peaks(boxes, labels, mask, radius, sizes, strides, 20)
        np.testing.assert_allclose(drawn[0], peaks[rows], atol=1e-5)
        expected = golden["bbox_targets"][rows][:, [1, 0, 3, 2]]
        owned = found["owned"][0].numpy()
        learnt = found["cell"][0].numpy()[owned]
        assert sorted(learnt) == np.flatnonzero(expected[:, 0] > -1e3).tolist()
        units = np.broadcast_to(np.repeat(strides, 9)[:, None], (*owned.shape, 1))
        distances = (found["distances"][0].numpy() / units)[owned]
        np.testing.assert_allclose(distances, expected[learnt], atol=1e-4)
