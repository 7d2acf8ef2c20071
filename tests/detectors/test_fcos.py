"""FCOS's four verbs together: round trip, mmdet's losses, the network, precision, XLA, TFLite."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError
from centernet_tf.ops import pyramid

IMPROVED = {
    "normalize_boxes": True,
    "centerness_on": "box",
    "center_radius": 1.5,
    "box_loss": "giou",
}
MMDET = {"iou_smoothing": 0.0, "score_rule": "product"}


def make(input_size=(64, 96), num_classes=3, evaluation=None, **options):
    options = {"tower_depth": 1, "tower_channels": 8, "norm_groups": 4, **options}
    model = {
        "detector": "fcos",
        "backbone": {"name": "fpn_resnet18", "width_multiplier": 0.05},
        "options": options,
    }
    settings = {
        "data": {"input_size": list(input_size)},
        "model": model,
        "evaluation": evaluation or {},
    }
    return make_detector(load_config([], [str(settings)]), num_classes)


def encoded(detector):
    boxes = [[[4, 6, 30, 40], [20, 50, 52, 90], [30, 5, 60, 35], [0, 0, 0, 0]]] * 2
    classes, mask = [[0, 2, 1, 0]] * 2, [[True, True, True, False], [False] * 4]
    boxes = tf.constant(boxes, tf.float32)
    return boxes, detector.encode(boxes, tf.constant(classes), tf.constant(mask))


def random_outputs(detector, seed=3):
    channels = {"class": detector.num_classes, "box": 4, "centerness": 1}
    outputs = {}
    for kind, count in channels.items():
        for level, size in enumerate(detector.sizes, 3):
            values = tf.random.stateless_normal([2, *size, count], [seed, level + count])
            outputs[f"{kind}_p{level}"] = tf.exp(values + 2.0) if kind == "box" else values
    return outputs


@pytest.mark.parametrize("options", [{}, IMPROVED, {**IMPROVED, **MMDET}])
def test_decode_of_encode_gives_the_boxes_back(options):
    detector = make(max_detections=10, level_bounds=[30, 40, 50, 60], **options)
    boxes, targets = encoded(detector)
    found = detector.decode(detector.targets_to_outputs(targets))
    assert found.count.numpy().tolist() == [3, 0]
    order = np.argsort(found.boxes[0, :3, 1])
    np.testing.assert_allclose(
        found.boxes[0].numpy()[order], boxes[0].numpy()[[2, 0, 1]], atol=1e-3
    )
    assert found.classes[0].numpy()[order].tolist() == [1, 0, 2]


@pytest.fixture(scope="module", name="networks")
def make_networks():
    """The network of the improved variant; that of the base is built by the slow tests."""
    keras.utils.set_random_seed(1)
    detector = make(**IMPROVED)
    return [(detector, detector.build())]


def test_network_has_the_maps_and_the_prior(networks):
    images = tf.random.stateless_normal([2, 64, 96, 3], [1, 2])
    for _, network in networks:
        outputs = network(images, training=False)
        sizes = [(8, 12), (4, 6), (2, 3), (1, 2), (1, 1)]
        assert {name: tuple(value.shape) for name, value in outputs.items()} == {
            f"{kind}_p{level}": (2, *size, channels)
            for kind, channels in (("class", 3), ("box", 4), ("centerness", 1))
            for level, size in enumerate(sizes, 3)
        }
        assert abs(float(tf.reduce_mean(tf.sigmoid(outputs["class_p3"]))) - 0.01) < 0.005
        assert min(tf.reduce_min(outputs[f"box_p{level}"]).numpy() for level in range(3, 8)) >= 0
        # One head for all levels, but for the factors.
        names = [weight.name for weight in network.weights if weight.name.startswith("box_")]
        assert sum("box_conv/kernel" in name for name in names) == 1
        assert sum("box_scale" in name for name in names) == 5


def test_the_object_map_shows_the_objects():
    detector = make()
    boxes, targets = encoded(detector)
    shown = detector.object_map(detector.targets_to_outputs(targets)).numpy()
    assert shown.shape == (2, 8, 12) and shown[1].max() < 0.1
    for box in boxes[0, :3].numpy():
        y, x = (int((box[axis] + box[axis + 2]) / 16) for axis in (0, 1))
        assert shown[0, y, x] > 0.9


def test_a_step_has_finite_gradients_everywhere(networks):
    images = tf.random.stateless_normal([2, 64, 96, 3], [1, 2])
    for detector, network in networks:
        _, targets = encoded(detector)
        with tf.GradientTape() as tape:
            losses = detector.loss(network(images, training=True), targets)
        gradients = tape.gradient(losses["loss"], network.trainable_variables)
        assert set(losses) == set(detector.loss_names)
        assert all(np.isfinite(value) and value >= 0 for value in losses.values())
        for gradient, variable in zip(gradients, network.trainable_variables):
            assert gradient is not None, variable.name
            assert np.isfinite(gradient).all(), variable.name


@pytest.mark.slow
def test_network_of_any_size_decodes(networks):
    ((detector, network),) = networks
    free = detector.build((None, None))
    free.set_weights(network.get_weights())
    images = tf.random.stateless_normal([2, 64, 96, 3], [1, 2])
    run = tf.function(
        lambda images: detector.decode(free(images)),
        input_signature=[tf.TensorSpec([None, None, None, 3])],
    )
    for value, expected in zip(run(images), detector.decode(network(images))):
        np.testing.assert_allclose(value, expected, atol=1e-3)


@pytest.mark.parametrize("options", [{}, {**IMPROVED, **MMDET}])
def test_loss_compiles(options):
    detector = make(**options)
    outputs, (_, targets) = random_outputs(detector), encoded(detector)
    eager = detector.loss(outputs, targets)
    compiled = tf.function(detector.loss, jit_compile=True)(outputs, targets)
    for name in eager:
        np.testing.assert_allclose(compiled[name], eager[name], rtol=1e-4)


def test_no_objects_gives_a_finite_loss():
    detector = make()
    _, targets = encoded(detector)
    targets = {name: value[1:] for name, value in targets.items()}
    outputs = {name: value[1:] for name, value in random_outputs(detector).items()}
    losses = detector.loss(outputs, targets)
    assert losses["box_loss"] == 0 and losses["centerness_loss"] == 0
    assert np.isfinite(losses["loss"]) and losses["loss"] > 0


def test_parts_of_a_batch_add_up_with_the_normalizers_of_the_whole():
    detector = make()
    outputs, (_, targets) = random_outputs(detector), encoded(detector)
    whole = detector.loss(outputs, targets)
    sums = detector.normalizers(targets)
    parts = [
        detector.loss(
            *({name: value[i : i + 1] for name, value in v.items()} for v in (outputs, targets)),
            sums,
        )
        for i in range(2)
    ]
    for name, value in whole.items():
        np.testing.assert_allclose(parts[0][name] + parts[1][name], value, rtol=1e-5)


def test_a_flip_test_turns_left_and_right():
    detector = make(input_size=(128, 128))
    outputs = random_outputs(detector)
    mirrored = {name: tf.reverse(value, axis=[2]) for name, value in outputs.items()}
    for level in range(3, 8):
        name = f"box_p{level}"
        mirrored[name] = tf.gather(mirrored[name], [0, 3, 2, 1], axis=-1)
    for name, value in detector.merge_mirrored(outputs, mirrored).items():
        np.testing.assert_allclose(value, outputs[name], rtol=1e-4, atol=1e-4, err_msg=name)
    other = random_outputs(detector, seed=8)
    merged = detector.merge_mirrored(outputs, other)
    mean = (outputs["box_p3"][0, 2, 3, 1] + other["box_p3"][0, 2, 12, 3]) / 2
    np.testing.assert_allclose(merged["box_p3"][0, 2, 3, 1], mean, rtol=1e-5)


@pytest.mark.parametrize(
    "settings,text",
    [
        ({"centerness_on": "boxes"}, "centerness_on must be class or box; got 'boxes'"),
        ({"box_loss": "l1"}, "box_loss must be iou or giou; got 'l1'"),
        ({"score_rule": "sum"}, "score_rule must be root or product"),
        ({"level_bounds": [64.0, 32.0, 128.0, 256.0]}, "four rising numbers"),
        ({"tower_channels": 10}, "must be a multiple of model.options.norm_groups"),
        ({"nms_threshold": 1.0}, "nms_threshold must be 0 or more and below 1; got 1.0"),
        ({"max_detections": 0}, "max_detections must be at least 1; got 0"),
        ({"evaluation": {"flip": True}}, "the width in data.input_size must be a multiple of 128"),
    ],
)
def test_settings_that_cannot_be(settings, text):
    with pytest.raises(UserError, match=text):
        make(**settings)


def test_other_backbones_are_refused():
    with pytest.raises(UserError, match="needs a feature pyramid.*fpn_resnet50.*got 'res_18'"):
        load_config([], ["{model: {detector: fcos, backbone: {name: res_18}}}"])


def golden_outputs(golden, log_unit):
    """Our maps from flattened maps (B, C, P); mmdet's order of the sides is x before y."""
    sizes = golden["level_hw"].tolist()
    flat = {
        "class": golden["cls_logits"],
        "box": (np.exp(golden["reg_log"]) * log_unit)[:, [1, 0, 3, 2]],
        "centerness": golden["ctr_logits"],
    }
    return {
        f"{kind}_p{level}": tf.constant(part)
        for kind, value in flat.items()
        for level, part in enumerate(
            pyramid.split_levels(tf.constant(np.transpose(value, (0, 2, 1))), sizes), 3
        )
    }


@pytest.mark.parametrize(
    "variant,options",
    [("plain", {}), ("center", {"center_radius": 1.5}), ("center_norm_giou", IMPROVED)],
)
def test_mmdet_losses_and_gradients_golden(testdata, variant, options):
    golden = np.load(testdata / "golden/fcos.npz")
    detector = make((256, 320), 20, **MMDET, **options)
    boxes, classes = np.zeros([2, 14, 4], np.float32), np.zeros([2, 14], np.int32)
    counts = [len(golden[f"boxes{image}"]) for image in range(2)]
    for image, count in enumerate(counts):
        boxes[image, :count] = golden[f"boxes{image}"][:, [1, 0, 3, 2]]
        classes[image, :count] = golden[f"labels{image}"]
    mask = np.arange(14) < np.array(counts)[:, None]
    targets = detector.encode(*map(tf.constant, (boxes, classes, mask)))
    # In the third variant the stored logarithms are of pixels too, and divided by the stride.
    outputs = golden_outputs(golden, 1.0)
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        losses = detector.loss(outputs, targets)
    for ours, theirs in (("class", "cls"), ("box", "bbox"), ("centerness", "centerness")):
        np.testing.assert_allclose(
            losses[f"{ours}_loss"], golden[f"{variant}.loss_{theirs}"], rtol=1e-4
        )
    gradients = tape.gradient(losses["loss"], outputs)
    units = tf.repeat(detector.units, [h * w for h, w in detector.sizes])[:, None].numpy()
    for kind, key, order in (
        ("class", "grad_cls", slice(None)),
        ("box", "grad_reg", [1, 0, 3, 2]),
        ("centerness", "grad_ctr", slice(None)),
    ):
        found = pyramid.flatten_levels([gradients[f"{kind}_p{level}"] for level in range(3, 8)])
        expected = np.transpose(golden[f"{variant}.{key}"], (0, 2, 1))[..., order]
        # Theirs are with respect to distances in the unit of the variant.
        found = found.numpy() * (units if kind == "box" else 1.0)
        np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())
