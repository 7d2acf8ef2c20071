"""Targets against a naive loop, and against what the originals made of the same boxes."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.center_targets import center_targets
from tests.ops.test_gaussian import naive_heatmap, naive_radius

MAP_SIZE = (20, 28)


def naive_targets(boxes, classes, mask, rule, overlap, margin, owner):
    """One object at a time, as the originals write it."""
    count = len(boxes)
    limit = [MAP_SIZE[0] - margin, MAP_SIZE[1] - margin] * 2
    index, kept = np.zeros(count, int), np.zeros(count)
    size, offset = np.zeros([count, 2]), np.zeros([count, 2])
    drawn = []
    for i in range(count):
        box = np.clip(boxes[i], 0, limit)
        height, width = box[2] - box[0], box[3] - box[1]
        if not mask[i] or height <= 0 or width <= 0:
            continue
        center = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2], np.float32)
        cell = center.astype(int)
        drawn.append((cell, int(max(0, naive_radius(height, width, rule, overlap))), classes[i]))
        index[i], kept[i] = cell[0] * MAP_SIZE[1] + cell[1], 1
        size[i], offset[i] = (height, width), center - cell
    if owner == "last":
        for i in range(count):
            if kept[i] and any(kept[j] and index[j] == index[i] for j in range(i + 1, count)):
                kept[i] = 0
    heatmap = naive_heatmap(*zip(*drawn), MAP_SIZE, 3) if drawn else np.zeros([*MAP_SIZE, 3])
    where = kept[:, None]
    return {
        "heatmap": heatmap,
        "mask": kept,
        "index": index * kept,
        "size": size * where,
        "offset": offset * where,
    }


@pytest.fixture(name="objects")
def make_objects(rng):
    corners = rng.uniform(-6, 26, [24, 2])
    extent = rng.uniform(0.2, 12, [24, 2])
    boxes = np.concatenate([corners, corners + extent], -1).astype(np.float32)
    # Two objects of one cell and class, one box wholly outside, one of a single pixel.
    boxes[3] = boxes[7] = (4, 5, 9, 11)
    boxes[10] = (30, 2, 40, 9)
    boxes[11] = (6, 6, 6.25, 6.25)
    classes = rng.integers(0, 3, 24).astype(np.int32)
    return boxes, classes, np.arange(24) < 20


@pytest.mark.parametrize(
    "rule,overlap,margin,owner", [("original", 0.7, 1, "all"), ("mmdet", 0.3, 0, "last")]
)
def test_targets_equal_the_naive_ones(objects, rule, overlap, margin, owner):
    def build(boxes, classes, mask):
        return center_targets(boxes, classes, mask, MAP_SIZE, 3, rule, overlap, margin, owner)

    expected = naive_targets(*objects, rule, overlap, margin, owner)
    in_graph = next(iter(tf.data.Dataset.from_tensors(objects).map(build)))
    for targets in (build(*(tf.constant(value) for value in objects)), in_graph):
        for name, value in expected.items():
            np.testing.assert_allclose(targets[name], value, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("owner", ["all", "last"])
def test_a_batch_gives_what_its_images_give(objects, owner):
    def build(*objects):
        return center_targets(*objects, MAP_SIZE, 3, "original", 0.7, 1, owner)

    mirrored = (objects[0] + 1.0, objects[1][::-1].copy(), objects[2])
    batch = build(*(tf.constant(np.stack(pair)) for pair in zip(objects, mirrored)))
    for row, image in enumerate((objects, mirrored)):
        for name, value in build(*(tf.constant(value) for value in image)).items():
            np.testing.assert_allclose(batch[name][row], value, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("margin", [0, 1])
def test_a_sliver_at_the_far_border_stays_on_the_map(margin):
    height, width = (side - margin for side in MAP_SIZE)
    boxes = [
        [np.nextafter(np.float32(height), np.float32(0)), 3, 90, 9],
        [2, np.nextafter(np.float32(width), np.float32(0)), 5, 90],
    ]
    targets = center_targets(
        tf.constant(boxes, tf.float32),
        tf.zeros([2], tf.int32),
        tf.ones([2], tf.bool),
        MAP_SIZE,
        1,
        "mmdet",
        0.3,
        margin,
        "last",
    )
    assert targets["mask"].numpy().tolist() == [1.0, 1.0]
    assert (targets["index"].numpy() < MAP_SIZE[0] * MAP_SIZE[1]).all()
    assert targets["heatmap"].numpy()[:, :, 0].ravel()[targets["index"].numpy()].tolist() == [
        1.0,
        1.0,
    ]


def test_no_objects():
    empty = tf.zeros([0, 4]), tf.zeros([0], tf.int32), tf.zeros([0], tf.bool)
    targets = center_targets(*empty, MAP_SIZE, 3, "original", 0.7, 1, "all")
    assert targets["heatmap"].numpy().sum() == 0
    assert targets["mask"].shape == [0]


@pytest.mark.parametrize("image", [0, 1, 2])
def test_mmdet_golden(testdata, image):
    golden = np.load(testdata / "golden/centernet_targets_small.npz")
    boxes = golden[f"boxes{image}"][:, [1, 0, 3, 2]] / 4
    targets = center_targets(
        tf.constant(boxes, tf.float32),
        tf.constant(golden[f"labels{image}"]),
        tf.ones([len(boxes)], tf.bool),
        (24, 40),
        10,
        "mmdet",
        0.3,
        0,
        "last",
    )
    np.testing.assert_allclose(
        np.transpose(targets["heatmap"], (2, 0, 1)), golden["heat"][image], atol=1e-5
    )
    index = targets["index"].numpy()[targets["mask"].numpy() > 0]
    assert sorted(index) == sorted(np.flatnonzero(golden["weight"][image, 0]))
    for name, key in (("size", "wh_target"), ("offset", "offset_target")):
        found = targets[name].numpy()[targets["mask"].numpy() > 0][:, ::-1].T
        np.testing.assert_allclose(found, golden[key][image].reshape(2, -1)[:, index], atol=1e-4)


@pytest.mark.parametrize("sample", ["ctdet_val", "ctdet_val_keepres"])
def test_original_golden(testdata, sample):
    """The sample's boxes go through its own affine (facts 7.2), then through our targets."""
    golden = np.load(testdata / "golden/xy_dataset_samples.npz")
    height, width = golden[f"{sample}.hm"].shape[1:]
    center, extent = golden[f"{sample}.meta_c"], np.atleast_1d(golden[f"{sample}.meta_s"])[0]
    boxes_xywh = golden["bbox_xywh"]
    corners = np.concatenate([boxes_xywh[:, :2], boxes_xywh[:, :2] + boxes_xywh[:, 2:]], -1)
    scale = width / extent
    shift = np.array([width, height]) / 2 - scale * center
    boxes_map = (corners * scale + np.tile(shift, 2))[:, [1, 0, 3, 2]]
    _, classes = np.unique(golden["category_id"], return_inverse=True)
    targets = center_targets(
        tf.constant(boxes_map, tf.float32),
        tf.constant(classes, tf.int32),
        tf.ones([6], tf.bool),
        (height, width),
        int(classes.max()) + 1,
        "original",
        0.7,
        1,
        "all",
    )
    count = int(golden[f"{sample}.reg_mask"].sum())
    assert count == int(targets["mask"].numpy().sum())
    rows = golden[f"{sample}.reg_mask"][:6] > 0
    np.testing.assert_array_equal(targets["index"].numpy()[rows], golden[f"{sample}.ind"][:6][rows])
    np.testing.assert_allclose(
        targets["size"].numpy()[rows][:, ::-1], golden[f"{sample}.wh"][:6][rows], atol=1e-4
    )
    np.testing.assert_allclose(
        targets["offset"].numpy()[rows][:, ::-1], golden[f"{sample}.reg"][:6][rows], atol=1e-4
    )
    drawn = np.transpose(targets["heatmap"], (2, 0, 1))
    np.testing.assert_allclose(drawn.max(0), golden[f"{sample}.hm"].max(0), atol=1e-4)
