"""CenterNet-Update's four verbs together: round trip, mmdet's numbers, one level, XLA, TFLite."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError
from centernet_tf.ops import pyramid
from centernet_tf.ops.listed_focal_loss import extra_positives
from tests.ops.tflite_run import run_tflite

SINGLE = {"backbone": "res_18", "box_weight": 1.0}


def make(input_size=(64, 96), num_classes=3, backbone="fpn_resnet18", evaluation=None, **options):
    options = {"tower_depth": 1, "tower_channels": 8, "norm_groups": 4, **options}
    settings = {
        "data": {"input_size": list(input_size)},
        "model": {
            "detector": "centernet_update",
            "backbone": {"name": backbone, "width_multiplier": 0.05},
            "options": options,
        },
        "evaluation": evaluation or {},
    }
    return make_detector(load_config([], [str(settings)]), num_classes)


def encoded(detector):
    boxes = [[[4, 6, 30, 40], [20, 50, 52, 90], [30, 5, 60, 35], [0, 0, 0, 0]]] * 2
    classes, mask = [[0, 2, 1, 0]] * 2, [[True, True, True, False], [False] * 4]
    boxes = tf.constant(boxes, tf.float32)
    return boxes, detector.encode(boxes, tf.constant(classes), tf.constant(mask))


def random_outputs(detector, seed=3):
    outputs = {}
    for kind, count in (("heatmap", detector.num_classes), ("box", 4)):
        for level, size in enumerate(detector.sizes, detector.first_level):
            values = tf.random.stateless_normal([2, *size, count], [seed, level + count])
            outputs[f"{kind}_p{level}"] = tf.exp(values + 2.0) if kind == "box" else values
    return outputs


@pytest.mark.parametrize("options", [{}, {"level_bounds": [15.0, 20, 25, 40]}, SINGLE])
def test_decode_of_encode_gives_the_boxes_back(options):
    detector = make(max_detections=10, **options)
    boxes, targets = encoded(detector)
    found = detector.decode(detector.targets_to_outputs(targets))
    assert found.count.numpy().tolist() == [3, 0]
    order = np.argsort(found.boxes[0, :3, 1])
    np.testing.assert_allclose(
        found.boxes[0].numpy()[order], boxes[0].numpy()[[2, 0, 1]], atol=1e-3
    )
    assert found.classes[0].numpy()[order].tolist() == [1, 0, 2]
    one = detector.encode(boxes[0], tf.constant([0, 2, 1, 0]), tf.constant([True] * 3 + [False]))
    for name, value in one.items():
        np.testing.assert_array_equal(value, targets[name][0])


@pytest.fixture(scope="module", name="networks")
def make_networks():
    """Networks on a pyramid and on a single level."""
    keras.utils.set_random_seed(1)
    return [(detector, detector.build()) for detector in (make(), make(**SINGLE))]


def test_network_has_the_maps_and_the_prior(networks):
    images = tf.random.stateless_normal([2, 64, 96, 3], [1, 2])
    grids = ([(8, 12), (4, 6), (2, 3), (1, 2), (1, 1)], [(16, 24)])
    for (detector, network), sizes in zip(networks, grids):
        outputs, first = network(images, training=False), detector.first_level
        assert {name: tuple(value.shape) for name, value in outputs.items()} == {
            f"{kind}_p{level}": (2, *size, channels)
            for kind, channels in (("heatmap", 3), ("box", 4))
            for level, size in enumerate(sizes, first)
        }
        probability = tf.sigmoid(outputs[f"heatmap_p{first}"])
        assert abs(float(tf.reduce_mean(probability)) - 0.01) < 0.005
        # Boxes start at eight strides each way.
        boxes = outputs[f"box_p{first}"]
        assert abs(float(tf.reduce_mean(boxes)) / detector.strides[0] - 8.0) < 1.0


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
            # Only levels that have objects learn their factor.
            assert gradient is not None, variable.name
            assert np.isfinite(gradient).all(), variable.name


@pytest.mark.parametrize("options", [{}, {"extra_positives": False, **SINGLE}])
def test_loss_and_decode_compile(options):
    detector = make(max_detections=20, **options)
    outputs, (_, targets) = random_outputs(detector), encoded(detector)
    eager = detector.loss(outputs, targets)
    compiled = tf.function(detector.loss, jit_compile=True)(outputs, targets)
    for name in eager:
        np.testing.assert_allclose(compiled[name], eager[name], rtol=1e-4)
    compiled = tf.function(detector.decode, jit_compile=True)(outputs)
    for value, expected in zip(compiled, detector.decode(outputs)):
        np.testing.assert_allclose(value, expected, atol=1e-3)


def test_maps_of_any_size_decode_alike():
    detector = make(max_detections=20)
    outputs = random_outputs(detector)
    signature = {
        name: tf.TensorSpec([None, None, None, value.shape[-1]]) for name, value in outputs.items()
    }
    free = tf.function(detector.decode, input_signature=[signature])
    for value, expected in zip(free(outputs), detector.decode(outputs)):
        np.testing.assert_allclose(value, expected, atol=1e-3)


def test_tflite_decodes_alike():
    detector = make(max_detections=20)
    outputs = {name: value[:1].numpy() for name, value in random_outputs(detector).items()}
    found = run_tflite(lambda **maps: detector.decode(maps)._asdict(), **outputs)
    tensors = tf.nest.map_structure(tf.constant, outputs)
    for name, value in detector.decode(tensors)._asdict().items():
        np.testing.assert_allclose(found[name], value, atol=1e-3, err_msg=name)


def test_extra_positives_are_cells_that_predict_the_box():
    detector = make()
    _, targets = encoded(detector)
    good = random_outputs(detector)
    perfect = detector.targets_to_outputs(targets)
    for name in good:
        if name.startswith("box"):
            near = 1.0 + 0.05 * tf.random.stateless_uniform(good[name].shape, [5, 5])
            good[name] = near * perfect[name]
    with_extra, without = (
        make(extra_positives=extra).loss(good, targets) for extra in (True, False)
    )
    count = int(tf.reduce_sum(tf.cast(targets["central"], tf.float32)))
    assert count == 3
    assert with_extra["box_loss"] == without["box_loss"]
    # More positives share the same loss of all other cells.
    assert with_extra["heatmap_loss"] < 0.5 * without["heatmap_loss"]


def test_no_objects_gives_a_finite_loss():
    detector = make()
    _, targets = encoded(detector)
    targets = {name: value[1:] for name, value in targets.items()}
    outputs = {name: value[1:] for name, value in random_outputs(detector).items()}
    losses = detector.loss(outputs, targets)
    assert losses["box_loss"] == 0
    assert np.isfinite(losses["loss"]) and losses["loss"] > 0


def test_parts_of_a_batch_add_up_with_the_normalizers_of_the_whole():
    detector = make(extra_positives=False)
    outputs, (_, targets) = random_outputs(detector), encoded(detector)
    whole, sums = detector.loss(outputs, targets), detector.normalizers(targets)
    parts = [
        detector.loss(
            *({name: value[i : i + 1] for name, value in v.items()} for v in (outputs, targets)),
            sums,
        )
        for i in range(2)
    ]
    for name, value in whole.items():
        np.testing.assert_allclose(parts[0][name] + parts[1][name], value, rtol=1e-5)


def test_other_parts_are_taken_to_have_as_many_positives():
    detector = make()
    outputs, (_, targets) = random_outputs(detector), encoded(detector)
    alone = detector.loss(outputs, targets)
    sums = {name: 3.0 * value for name, value in detector.normalizers(targets).items()}
    third = detector.loss(outputs, targets, sums)
    for name in ("heatmap_loss", "box_loss"):
        np.testing.assert_allclose(3.0 * third[name], alone[name], rtol=1e-5)


@pytest.mark.parametrize(
    "settings,text",
    [
        ({"level_bounds": [64.0, 32.0, 128.0, 256.0]}, "four rising numbers"),
        ({"level_overlap": 0.5}, "level_overlap must be 1 or more.*got 0.5"),
        ({"min_overlap": 1.0}, "min_overlap must lie between 0 and 1; got 1.0"),
        ({"min_radius": 0.0}, "min_radius must be positive"),
        ({"tower_depth": 0}, "tower_depth must be at least 1; got 0"),
        ({"evaluation": {"flip": True}}, "the width in data.input_size must be a multiple of 128"),
    ],
)
def test_settings_that_cannot_be(settings, text):
    with pytest.raises(UserError, match=text):
        make(**settings)


@pytest.fixture(name="golden_case")
def make_golden_case(testdata):
    """mmdet's vectors, our detector like theirs, its targets and its maps of their predictions."""
    golden = np.load(testdata / "golden/centernet_update.npz")
    detector = make((256, 320), 20, iou_smoothing=0.0)
    boxes, classes = np.zeros([2, 14, 4], np.float32), np.zeros([2, 14], np.int32)
    counts = [len(golden[f"boxes{image}"]) for image in range(2)]
    for image, count in enumerate(counts):
        boxes[image, :count] = golden[f"boxes{image}"][:, [1, 0, 3, 2]]
        classes[image, :count] = golden[f"labels{image}"]
    mask = np.arange(14) < np.array(counts)[:, None]
    targets = detector.encode(*map(tf.constant, (boxes, classes, mask)))
    units = np.repeat(detector.strides, [h * w for h, w in detector.sizes]).astype(np.float32)
    flat = {"heatmap": golden["cls_logits"], "box": golden["reg"][:, [1, 0, 3, 2]] * units}
    outputs = {
        f"{kind}_p{level}": part
        for kind, value in flat.items()
        for level, part in enumerate(
            pyramid.split_levels(tf.constant(np.transpose(value, (0, 2, 1))), detector.sizes), 3
        )
    }
    return golden, detector, targets, outputs, units


def test_mmdet_positives_golden(golden_case):
    golden, detector, targets, outputs, _ = golden_case
    overlap = detector._overlap_loss(outputs, targets)
    positive = extra_positives(overlap, targets["valid"], targets["central"])
    cells = [height * width for height, width in detector.sizes]
    starts = np.cumsum([0, *np.repeat(cells, 2)])
    found = []
    for image, m, n in np.argwhere(positive):
        rows = np.concatenate([starts[2 * k + image] + np.arange(cells[k]) for k in range(5)])
        found.append((rows[targets["cell"][image, m, n]], targets["class"][image, m].numpy()))
    assert sorted(found) == sorted(zip(golden["pos_inds"], golden["pos_labels"]))


def test_mmdet_losses_and_gradients_golden(golden_case):
    golden, detector, targets, outputs, units = golden_case
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        losses = detector.loss(outputs, targets)
    np.testing.assert_allclose(losses["heatmap_loss"], golden["loss_cls"], rtol=1e-4)
    # mmdet's loss_bbox carries its weight.
    np.testing.assert_allclose(2.0 * losses["box_loss"], golden["loss_bbox"], rtol=1e-4)
    gradients = tape.gradient(losses["loss"], outputs)
    for kind, key, order, unit in (
        ("heatmap", "grad_cls", slice(None), 1.0),
        # Theirs are with respect to distances in strides.
        ("box", "grad_reg", [1, 0, 3, 2], units[:, None]),
    ):
        levels = [gradients[f"{kind}_p{level}"] for level in range(3, 8)]
        found = pyramid.flatten_levels(levels).numpy() * unit
        expected = np.transpose(golden[key], (0, 2, 1))[..., order]
        np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())


def test_mmdet_detections_golden(golden_case):
    golden, detector, _, outputs, _ = golden_case
    found = detector.decode(outputs)
    assert found.count.numpy().tolist() == [100, 100]
    for image in range(2):
        name = f"infer_img{image}"
        np.testing.assert_allclose(found.scores[image], golden[f"{name}_scores"], atol=1e-5)
        np.testing.assert_array_equal(found.classes[image], golden[f"{name}_labels"])
        # Theirs are in pixels of an original image that was scaled by 0.75 and 0.8 (y, x).
        boxes = golden[f"{name}_boxes"][:, [1, 0, 3, 2]] * np.float32([0.75, 0.8] * 2)
        np.testing.assert_allclose(found.boxes[image], boxes, atol=1e-3)
