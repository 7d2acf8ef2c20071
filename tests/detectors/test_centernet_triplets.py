"""Keypoint triplets: the four verbs, and the whole decoder against a loop."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import load_config, validate
from centernet_tf.detectors import cornernet, make_detector
from centernet_tf.errors import UserError
from tests.ops.tflite_run import run_tflite

MAPS = {
    **{
        f"{corner}_{name}": c for corner in ("tl", "br") for name, c in (("heatmap", 3), ("tag", 1))
    },
    **{f"{name}_offset": 2 for name in ("tl", "br", "center")},
    "center_heatmap": 3,
}
OBJECTS = [([4, 6, 30, 40], 0), ([20, 50, 52, 90], 2), ([1, 70, 13, 83], 1), ([22, 8, 60, 44], 0)]


def settings(input_size=(64, 96), **options):
    options = {"pool_channels": 4, "head_channels": 4, "pairs": 60, "small_area": 900.0, **options}
    options = {"corners": 20, "centers": 20, "max_detections": 10, **options}
    return [
        "model: {detector: centernet_triplets}",
        "model: {backbone: {name: lateral_resnet18, width_multiplier: 0.1}}",
        f"data: {{input_size: {list(input_size)}}}",
        str({"model": {"options": options}}),
    ]


def make(input_size=(64, 96), **options):
    return make_detector(load_config([], settings(input_size, **options)), 3)


def batched(detector, *images):
    """Targets of images, each a list of (box, class)."""
    rows = []
    for objects in images:
        boxes, classes = np.zeros([8, 4], np.float32), np.zeros([8], np.int32)
        for i, (box, label) in enumerate(objects):
            boxes[i], classes[i] = box, label
        rows.append(detector.encode(boxes, classes, np.arange(8) < len(objects)))
    return {name: tf.stack([row[name] for row in rows]) for name in rows[0]}


def random_outputs(rng, batch=2, size=(16, 24)):
    """Noise; tags so near that many pairs agree."""
    outputs = {}
    for name, count in MAPS.items():
        shape = [batch, *size, count]
        scale = 0.2 if name.endswith("tag") else 1.0
        draw = rng.uniform(size=shape) if name.endswith("offset") else rng.normal(0, scale, shape)
        outputs[name] = tf.constant(draw, tf.float32)
    return outputs


def peaks(outputs, name, image, count):
    """The best peaks of one kind: (score, y, x, class, tag), y and x in pixels."""
    logits, found = outputs[f"{name}_heatmap"][image], []
    for y, x, label in np.ndindex(*logits.shape):
        if logits[y, x, label] == logits[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2, label].max():
            dy, dx = outputs[f"{name}_offset"][image, y, x]
            tag = float(outputs[f"{name}_tag"][image, y, x, 0]) if name != "center" else 0.0
            score = 1 / (1 + np.exp(-logits[y, x, label]))
            found.append((score, 4 * (y + dy), 4 * (x + dx), label, tag))
    return sorted(found, reverse=True)[:count]


def naive_decode(outputs, image, count, num_pairs):
    pairs = []
    for s1, top, left, label, tag in peaks(outputs, "tl", image, count):
        for s2, bottom, right, other, other_tag in peaks(outputs, "br", image, count):
            if label == other and abs(tag - other_tag) <= 0.5 and bottom > top and right > left:
                pairs.append(((s1 + s2) / 2, top, left, bottom, right, label))
    found = []
    for score, top, left, bottom, right, label in sorted(pairs, reverse=True)[:num_pairs]:
        n = 3 if (bottom - top) * (right - left) <= 900.0 else 5
        middle, reach = (
            ((top + bottom) / 2, (left + right) / 2),
            ((bottom - top) / n / 2, (right - left) / n / 2),
        )
        for center_score, y, x, other, _ in peaks(outputs, "center", image, count):
            if other == label and abs(y - middle[0]) < reach[0] and abs(x - middle[1]) < reach[1]:
                found.append(((2 * score + center_score) / 3, top, left, bottom, right, label))
                break
    return sorted(found, reverse=True)


def test_decode_equals_a_loop(rng):
    detector = make(soft_nms=False, corners=40, centers=40, pairs=300, max_detections=300)
    outputs = random_outputs(rng)
    arrays = {name: value.numpy() for name, value in outputs.items()}
    expected = [np.array(naive_decode(arrays, image, 40, 300)) for image in range(2)]
    compiled = tf.function(detector.decode, jit_compile=True)
    for found in (detector.decode(outputs), compiled(outputs)):
        for image, rows in enumerate(expected):
            count = int(found.count[image])
            assert count == len(rows) > 2
            np.testing.assert_allclose(found.scores[image, :count], rows[:, 0], atol=1e-5)
            np.testing.assert_allclose(found.boxes[image, :count], rows[:, 1:5], atol=1e-3)
            np.testing.assert_array_equal(found.classes[image, :count], rows[:, 5])


def test_decode_through_the_tflite_interpreter(rng):
    detector, outputs = make(), random_outputs(rng, batch=1)
    found = run_tflite(
        lambda **maps: detector.decode(maps)._asdict(),
        **{name: value.numpy() for name, value in outputs.items()},
    )
    for name, value in detector.decode(outputs)._asdict().items():
        np.testing.assert_allclose(found[name], value, atol=1e-4)


def check_holds(found, objects):
    for box, label in objects:
        rows = [row for row in range(4) if np.abs(found.boxes[0, row] - box).max() < 1e-3]
        assert len(rows) == 1 and found.classes[0, rows[0]] == label


@pytest.mark.parametrize("input_size", [(64, 96), (63, 95)])
def test_decode_of_encode_gives_the_boxes_back(input_size):
    detector = make(input_size)
    found = detector.decode(detector.targets_to_outputs(batched(detector, OBJECTS)))
    check_holds(found, OBJECTS)
    assert (found.scores[0, :4].numpy() > 0.8).all() and (found.scores[0, 4:].numpy() < 0.7).all()


def turned(objects):
    return [([top, 96 - right, bottom, 96 - left], c) for (top, left, bottom, right), c in objects]


def test_centers_of_the_mirror_image_confirm_too():
    detector = make()
    one, other = (
        detector.targets_to_outputs(batched(detector, objects))
        for objects in (OBJECTS[:2], turned(OBJECTS[2:]))
    )
    # The centres of one picture are seen in the other alone.
    swapped = (
        {**maps, "center_heatmap": far["center_heatmap"], "center_offset": far["center_offset"]}
        for maps, far in (
            (one, detector.targets_to_outputs(batched(detector, OBJECTS[2:]))),
            (other, detector.targets_to_outputs(batched(detector, turned(OBJECTS[:2])))),
        )
    )
    merged = detector.merge_mirrored(*swapped)
    check_holds(detector.decode(merged), OBJECTS)


def test_loss_compiles_and_has_the_center(rng):
    detector = make()
    targets, outputs = batched(detector, OBJECTS, []), random_outputs(rng)
    losses = detector.loss(outputs, targets)
    compiled = tf.function(detector.loss, jit_compile=True)(outputs, targets)
    for name in detector.loss_names:
        np.testing.assert_allclose(compiled[name], losses[name], rtol=1e-4)
    worse = {**outputs, "center_heatmap": 10.0 - 20.0 * targets["center_heatmap"]}
    assert detector.loss(worse, targets)["heatmap_loss"] > losses["heatmap_loss"]


@pytest.mark.slow
def test_a_step_of_training_and_saving(rng, tmp_path):
    keras.utils.set_random_seed(3)
    detector = make((31, 31), corners=8, centers=8)
    network = detector.build()
    images = tf.constant(rng.normal(size=[2, 31, 31, 3]), tf.float32)
    targets = batched(detector, [([2, 3, 20, 30], 0), ([8, 4, 28, 20], 2)], [])

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            outputs = network(images, training=True)
            loss = detector.loss(outputs, targets)["loss"]
        return outputs, tape.gradient(loss, network.trainable_variables)

    outputs, gradients = step()
    assert {name: value.shape[1:] for name, value in outputs.items()} == {
        name: (8, 8, count) for name, count in MAPS.items()
    }
    assert all(np.all(np.isfinite(gradient)) for gradient in gradients)
    assert all(np.any(gradient) for gradient in gradients)
    network.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    for name, value in network(images).items():
        np.testing.assert_array_equal(loaded(images)[name], value)


def test_parameters_as_published(monkeypatch):
    features = keras.Input([8, 8, 256])
    monkeypatch.setattr(cornernet.keras, "Input", lambda shape, name: features)
    monkeypatch.setattr(cornernet, "build_backbone", lambda config, images: [images])
    options = {"pool_channels": 128, "head_channels": 256}
    heads = make_detector(load_config([], settings(**options)), 80).build()
    of_stack = sum(int(np.prod(each.shape)) for each in heads.trainable_weights)
    # The trunk of Hourglass-104 with its two stacks has 187,700,352.
    assert 187_700_352 + 2 * of_stack == 210_062_960


def test_settings_that_cannot_be():
    for options, message in (
        ({"centers": 0}, "centers must be 1"),
        ({"corners": 0}, "corners must"),
    ):
        with pytest.raises(UserError, match=message):
            validate(load_config([], settings(**options)))
    validate(load_config([], settings()))
