"""CenterNet's four verbs together: round trip, losses of both originals, shapes, XLA."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.detectors import make_detector
from centernet_tf.ops.sparse_l1 import gather_cells


def make(input_size=(64, 96), num_classes=3, **options):
    pairs = [
        f"data.input_size=[{input_size[0]},{input_size[1]}]",
        "model.backbone.width_multiplier=0.1",
    ]
    config = load_config(
        [],
        [
            f"data: {{input_size: {list(input_size)}}}",
            *pairs[1:],
            str({"model": {"options": options}}),
        ],
    )
    return make_detector(config, num_classes)


MMDET = {"variant": "mmdet", "radius_rule": "mmdet", "min_overlap": 0.3}


@pytest.mark.parametrize("options", [{}, MMDET])
def test_decode_of_encode_gives_the_boxes_back(options):
    detector = make(max_detections=10, **options)
    boxes = tf.constant(
        [[4, 6, 30, 40], [20, 50, 52, 90], [1, 70, 9, 77], [0, 0, 0, 0]], tf.float32
    )
    classes, mask = tf.constant([0, 2, 1, 0]), tf.constant([True, True, True, False])
    targets = {name: value[None] for name, value in detector.encode(boxes, classes, mask).items()}
    found = detector.decode(detector.targets_to_outputs(targets))
    for box, label in zip(boxes[:3].numpy(), classes[:3].numpy()):
        rows = [row for row in range(3) if np.abs(found.boxes[0, row] - box).max() < 1e-3]
        assert len(rows) == 1 and found.classes[0, rows[0]] == label
    assert (found.scores[0, :3].numpy() > 0.99).all() and (found.scores[0, 3:].numpy() < 0.99).all()


def test_network_has_the_maps_and_the_prior():
    detector = make()
    outputs = detector.build()(tf.random.stateless_normal([2, 64, 96, 3], [1, 2]), training=False)
    assert {name: tuple(value.shape) for name, value in outputs.items()} == {
        "heatmap": (2, 16, 24, 3),
        "size": (2, 16, 24, 2),
        "offset": (2, 16, 24, 2),
    }
    assert abs(float(tf.reduce_mean(tf.sigmoid(outputs["heatmap"]))) - 0.1) < 0.05


@pytest.mark.parametrize("options", [{}, MMDET])
def test_loss_and_decode_compile(options):
    detector = make(max_detections=7, **options)
    boxes = tf.constant([[4, 6, 30, 40], [20, 50, 52, 90]], tf.float32)
    targets = detector.encode(boxes, tf.constant([0, 2]), tf.constant([True, True]))
    targets = {name: tf.stack([value, value]) for name, value in targets.items()}
    shape = {"heatmap": 3, "size": 2, "offset": 2}
    outputs = {
        name: tf.random.stateless_normal([2, 16, 24, channels], [channels, 1])
        for name, channels in shape.items()
    }
    eager = detector.loss(outputs, targets)
    compiled = tf.function(detector.loss, jit_compile=True)(outputs, targets)
    assert set(eager) == set(detector.loss_names)
    for name in eager:
        np.testing.assert_allclose(compiled[name], eager[name], rtol=1e-5)
    detections = tf.function(detector.decode, jit_compile=True)(outputs)
    np.testing.assert_allclose(detections.boxes, detector.decode(outputs).boxes, atol=1e-4)


@pytest.mark.parametrize("options", [{}, MMDET])
def test_heat_maps_of_the_device_are_those_of_the_host(options):
    boxes = tf.constant(
        [[[4, 6, 30, 40], [20, 50, 52, 90]], [[0, 0, 9, 9], [0, 0, 0, 0]]], tf.float32
    )
    classes, mask = tf.constant([[0, 2], [1, 0]]), tf.constant([[True, True], [True, False]])
    host = make(**options).encode(boxes, classes, mask)
    detector = make(heatmap_on="device", **options)
    lists = detector.encode(boxes, classes, mask)
    assert "heatmap" not in lists
    for complete in (
        detector.complete_targets,
        tf.function(detector.complete_targets, jit_compile=True),
    ):
        completed = complete(lists)
        for name, value in host.items():
            np.testing.assert_allclose(completed[name], value, atol=1e-6, err_msg=name)


def test_a_flip_test_averages_what_the_mirror_image_shows(rng):
    detector = make()
    maps = {"heatmap": 3, "size": 2, "offset": 2}
    one, other = (
        {name: tf.constant(rng.normal(size=(2, 16, 24, c)), tf.float32) for name, c in maps.items()}
        for _ in range(2)
    )
    merged = detector.merge_mirrored(one, other)
    for y, x in ((0, 0), (5, 23), (15, 11)):
        sigmoid = 1 / (1 + np.exp(-one["heatmap"][0, y, x]))
        mirrored = 1 / (1 + np.exp(-other["heatmap"][0, y, 23 - x]))
        np.testing.assert_allclose(
            tf.sigmoid(merged["heatmap"])[0, y, x], (sigmoid + mirrored) / 2, rtol=1e-5
        )
        mean = (one["size"][0, y, x] + other["size"][0, y, 23 - x]) / 2
        np.testing.assert_allclose(merged["size"][0, y, x], mean, rtol=1e-6)
    np.testing.assert_array_equal(merged["offset"], one["offset"])


def test_no_objects_gives_a_finite_loss():
    detector = make()
    nothing = detector.encode(tf.zeros([4, 4]), tf.zeros([4], tf.int32), tf.zeros([4], tf.bool))
    targets = {name: value[None] for name, value in nothing.items()}
    outputs = {
        "heatmap": tf.zeros([1, 16, 24, 3]),
        "size": tf.ones([1, 16, 24, 2]),
        "offset": tf.ones([1, 16, 24, 2]),
    }
    losses = detector.loss(outputs, targets)
    assert losses["size_loss"] == 0 and losses["offset_loss"] == 0
    np.testing.assert_allclose(losses["heatmap_loss"], 16 * 24 * 3 * 0.25 * np.log(2), rtol=1e-5)


def mmdet_targets(detector, golden, images):
    rows = []
    for image in range(images):
        boxes = golden[f"boxes{image}"][:, [1, 0, 3, 2]].astype(np.float32)
        count = len(boxes)
        padded = np.zeros([32, 4], np.float32)
        padded[:count] = boxes
        classes = np.zeros([32], np.int32)
        classes[:count] = golden[f"labels{image}"]
        rows.append(
            detector.encode(tf.constant(padded), tf.constant(classes), tf.range(32) < count)
        )
    return {name: tf.stack([row[name] for row in rows]) for name in rows[0]}


def test_mmdet_losses_and_gradients_golden(testdata):
    golden = np.load(testdata / "golden/centernet_targets_small.npz")
    detector = make(tuple(golden["img_hw"]), 10, **MMDET)
    targets = mmdet_targets(detector, golden, 3)
    outputs = {
        "heatmap": tf.constant(np.transpose(golden["logit"], (0, 2, 3, 1))),
        "size": tf.constant(np.transpose(golden["wh"], (0, 2, 3, 1))[..., ::-1].copy()),
        "offset": tf.constant(np.transpose(golden["off"], (0, 2, 3, 1))[..., ::-1].copy()),
    }
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        losses = detector.loss(outputs, targets)
    np.testing.assert_allclose(losses["heatmap_loss"], golden["loss_center_heatmap"], rtol=1e-4)
    # mmdet's loss_wh carries its weight.
    np.testing.assert_allclose(0.1 * losses["size_loss"], golden["loss_wh"], rtol=1e-4)
    np.testing.assert_allclose(losses["offset_loss"], golden["loss_offset"], rtol=1e-4)
    gradients = tape.gradient(losses["loss"], outputs)
    for name, key, order in (
        ("heatmap", "grad_logit", 1),
        ("size", "grad_wh", -1),
        ("offset", "grad_off", -1),
    ):
        expected = np.transpose(golden[key], (0, 2, 3, 1))[..., ::order]
        np.testing.assert_allclose(gradients[name], expected, atol=1e-3 * np.abs(expected).max())


def formula(shape, factor):
    values = 0.5 + 0.495 * np.sin(np.arange(np.prod(shape), dtype=np.float64) * factor)
    return values.astype(np.float32).reshape(shape)


def test_mmdet_losses_at_full_size_golden(testdata):
    golden = np.load(testdata / "golden/centernet_targets_128.npz")
    detector = make((512, 512), 80, **MMDET)
    targets = mmdet_targets(detector, golden, 2)
    heat = formula((2, 80, 128, 128), 0.7137).astype(np.float64)
    outputs = {
        "heatmap": tf.constant(
            np.transpose(np.log(heat) - np.log1p(-heat), (0, 2, 3, 1)), tf.float32
        ),
        "size": tf.constant(
            40 * np.transpose(formula((2, 2, 128, 128), 0.3171), (0, 2, 3, 1))[..., ::-1]
        ),
        "offset": tf.constant(
            np.transpose(formula((2, 2, 128, 128), 0.9173), (0, 2, 3, 1))[..., ::-1].copy()
        ),
    }
    losses = detector.loss(outputs, targets)
    np.testing.assert_allclose(losses["heatmap_loss"], golden["loss_center_heatmap"], rtol=1e-4)
    np.testing.assert_allclose(0.1 * losses["size_loss"], golden["loss_wh"], rtol=1e-4)
    np.testing.assert_allclose(losses["offset_loss"], golden["loss_offset"], rtol=1e-4)
    places = golden["heat_nz_index"].astype(int)
    drawn = targets["heatmap"].numpy()
    assert (drawn > 0).sum() == len(places)
    found = drawn[places[:, 0], places[:, 2], places[:, 3], places[:, 1]]
    np.testing.assert_allclose(found, golden["heat_nz_value"], atol=1e-4)
    at_cells = gather_cells(
        tf.constant(np.transpose(golden["wh_target"], (0, 2, 3, 1))), targets["index"]
    )
    kept = targets["mask"].numpy() > 0
    np.testing.assert_allclose(
        targets["size"].numpy()[kept][:, ::-1], at_cells.numpy()[kept], atol=1e-3
    )
