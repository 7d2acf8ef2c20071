"""FCOS's assignment against one point and one box at a time, and against mmdet's."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.fcos_targets import fcos_targets

STRIDES = (8, 16, 32)
SIZES = ((12, 16), (6, 8), (3, 4))
RANGES = ((-1.0, 20.0), (20.0, 40.0), (40.0, 1e8))


def naive_targets(boxes, classes, mask, radius):
    labels, distances = [], []
    for (height, width), stride, (least, most) in zip(SIZES, STRIDES, RANGES):
        for y, x in np.ndindex(height, width):
            py, px = (y + 0.5) * stride, (x + 0.5) * stride
            best, own = np.inf, (-1, [0.0] * 4)
            for box, label in zip(boxes[mask], classes[mask]):
                sides = np.array([py - box[0], px - box[1], box[2] - py, box[3] - px])
                low, high = box[:2], box[2:]
                if radius:
                    middle = (low + high) / 2
                    low = np.maximum(middle - radius * stride, low)
                    high = np.minimum(middle + radius * stride, high)
                inside = low[0] < py < high[0] and low[1] < px < high[1]
                area = (box[2] - box[0]) * (box[3] - box[1])
                if inside and least <= sides.max() <= most and area < best:
                    best, own = area, (label, sides)
            labels.append(own[0])
            distances.append(own[1])
    return {"class": np.array(labels), "distances": np.array(distances)}


@pytest.fixture(name="objects")
def make_objects(rng):
    corners, extent = rng.uniform(-5, 90, [2, 14, 2]), rng.uniform(4, 80, [2, 14, 2])
    boxes = np.float32(np.concatenate([corners, corners + extent], -1))
    boxes[0, 2] = boxes[0, 1]
    return boxes, rng.integers(0, 4, [2, 14]).astype(np.int32), rng.uniform(size=(2, 14)) < 0.8


@pytest.mark.parametrize("radius", [0.0, 1.5])
def test_equals_the_naive_assignment(objects, radius):
    def build(*objects):
        return fcos_targets(*objects, SIZES, STRIDES, RANGES, radius)

    compiled = tf.function(build, jit_compile=True)
    in_data = next(iter(tf.data.Dataset.from_tensors(objects).map(build)))
    expected_of = [naive_targets(*(value[i] for value in objects), radius) for i in range(2)]
    for targets in (build(*map(tf.constant, objects)), compiled(*objects), in_data):
        for image, expected in enumerate(expected_of):
            found = {name: value[image] for name, value in targets.items()}
            np.testing.assert_array_equal(found["class"], expected["class"])
            np.testing.assert_allclose(found["distances"], expected["distances"], atol=1e-4)
    one = build(*(tf.constant(value[0]) for value in objects))
    np.testing.assert_array_equal(one["class"], in_data["class"][0])


def test_no_objects():
    empty = tf.zeros([0, 4]), tf.zeros([0], tf.int32), tf.zeros([0], tf.bool)
    targets = fcos_targets(*empty, SIZES, STRIDES, RANGES, 1.5)
    assert (targets["class"].numpy() == -1).all() and targets["class"].shape == [252]
    assert not targets["distances"].numpy().any()


@pytest.mark.parametrize("variant,radius", [("plain", 0.0), ("center_norm_giou", 1.5)])
def test_mmdet_golden(testdata, variant, radius):
    golden = np.load(testdata / "golden/fcos.npz")
    sizes, strides = golden["level_hw"].tolist(), golden["strides"].tolist()
    ranges = ((-1, 64), (64, 128), (128, 256), (256, 512), (512, 1e8))
    cells = [height * width for height, width in sizes]
    # mmdet goes level by level, and inside a level image by image.
    starts = np.cumsum([0, *np.repeat(cells, 2)])
    for image in range(2):
        boxes = golden[f"boxes{image}"][:, [1, 0, 3, 2]]
        targets = fcos_targets(
            tf.constant(boxes),
            tf.constant(golden[f"labels{image}"]),
            tf.ones([len(boxes)], tf.bool),
            sizes,
            strides,
            ranges,
            radius,
        )
        rows = np.concatenate(
            [np.arange(starts[2 * k + image], starts[2 * k + image + 1]) for k in range(5)]
        )
        labels = golden[f"{variant}.labels"][rows]
        np.testing.assert_array_equal(targets["class"], np.where(labels == 20, -1, labels))
        unit = 1.0 if variant == "plain" else np.repeat(strides, cells)[:, None]
        positive = labels < 20
        np.testing.assert_allclose(
            (targets["distances"] / unit).numpy()[positive],
            golden[f"{variant}.bbox_targets"][rows][positive][:, [1, 0, 3, 2]],
            atol=1e-4,
        )
