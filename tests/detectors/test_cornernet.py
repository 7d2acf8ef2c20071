"""CornerNet's four verbs together: round trip, mmdet's losses and boxes, flip test, XLA, TFLite."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import load_config, validate
from centernet_tf.detectors import cornernet, make_detector
from centernet_tf.detectors.stacks import stack_prefixes
from centernet_tf.errors import UserError
from tests.ops.tflite_run import run_tflite

MMDET = {"variant": "mmdet"}
MAPS = {"heatmap": 3, "tag": 1, "offset": 2}


def settings(input_size=(64, 96), **options):
    options = {"pool_channels": 4, "head_channels": 4, "corners": 12, "pairs": 30, **options}
    options.setdefault("max_detections", 10)
    return [
        "model: {detector: cornernet, backbone: {name: lateral_resnet18, width_multiplier: 0.1}}",
        f"data: {{input_size: {list(input_size)}}}",
        str({"model": {"options": options}}),
    ]


def make(input_size=(64, 96), num_classes=3, **options):
    return make_detector(load_config([], settings(input_size, **options)), num_classes)


def batched(detector, *images):
    """Targets of images, each a list of (box, class)."""
    rows = []
    for objects in images:
        boxes = np.zeros([8, 4], np.float32)
        classes = np.zeros([8], np.int32)
        for i, (box, label) in enumerate(objects):
            boxes[i], classes[i] = box, label
        rows.append(detector.encode(boxes, classes, np.arange(8) < len(objects)))
    return {name: tf.stack([row[name] for row in rows]) for name in rows[0]}


OBJECTS = [([4, 6, 30, 40], 0), ([20, 50, 52, 90], 2), ([1, 70, 9, 77], 1), ([22, 8, 60, 44], 0)]


@pytest.mark.parametrize("soft_nms", [True, False])
@pytest.mark.parametrize("variant", ["original", "mmdet"])
@pytest.mark.parametrize("input_size", [(64, 96), (63, 95)])
def test_decode_of_encode_gives_the_boxes_back(variant, input_size, soft_nms):
    detector = make(input_size, variant=variant, soft_nms=soft_nms)
    outputs = detector.targets_to_outputs(batched(detector, OBJECTS))
    found = detector.decode(outputs)
    for box, label in OBJECTS:
        rows = [row for row in range(4) if np.abs(found.boxes[0, row] - box).max() < 1e-3]
        assert len(rows) == 1 and found.classes[0, rows[0]] == label
    assert (found.scores[0, :4].numpy() > 0.8).all() and (found.scores[0, 4:].numpy() < 0.7).all()


@pytest.fixture(name="network", scope="module")
def build_network():
    """Of an input that is one less than a multiple of 32."""
    keras.utils.set_random_seed(3)
    return make((31, 63)).build()


def test_network_has_the_maps_and_the_prior(network):
    outputs = network(tf.random.stateless_normal([2, 31, 63, 3], [1, 2]), training=False)
    assert {name: tuple(value.shape) for name, value in outputs.items()} == {
        f"{corner}_{name}": (2, 8, 16, count)
        for corner in ("tl", "br")
        for name, count in MAPS.items()
    }
    assert abs(float(tf.reduce_mean(tf.sigmoid(outputs["tl_heatmap"]))) - 0.1) < 0.05


def random_outputs(rng, batch=2, size=(16, 24)):
    """Noise; tags so near that many pairs agree."""

    def noise(name, count):
        shape = [batch, *size, count]
        draw = {"heatmap": rng.normal(size=shape), "offset": rng.uniform(size=shape)}
        return tf.constant(draw.get(name, rng.normal(scale=0.2, size=shape)), tf.float32)

    corners = ("tl", "br")
    return {f"{c}_{name}": noise(name, count) for c in corners for name, count in MAPS.items()}


@pytest.mark.parametrize("variant", ["original", "mmdet"])
def test_loss_and_decode_compile(rng, variant):
    detector = make(variant=variant)
    targets, outputs = batched(detector, OBJECTS, []), random_outputs(rng)
    eager = detector.loss(outputs, targets)
    assert set(eager) == set(detector.loss_names)
    assert all(np.isfinite(value) for value in eager.values())
    compiled = tf.function(detector.loss, jit_compile=True)(outputs, targets)
    for name in eager:
        np.testing.assert_allclose(compiled[name], eager[name], rtol=1e-4)
    found, expected = (
        tf.function(detector.decode, jit_compile=True)(outputs),
        detector.decode(outputs),
    )
    assert int(expected.count[0]) > 3
    for ours, theirs in zip(found, expected):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_decode_through_the_tflite_interpreter(rng):
    detector, outputs = make(), random_outputs(rng, batch=1)
    found = run_tflite(
        lambda **maps: detector.decode(maps)._asdict(),
        **{name: value.numpy() for name, value in outputs.items()},
    )
    for name, value in detector.decode(outputs)._asdict().items():
        np.testing.assert_allclose(found[name], value, atol=1e-4)


def test_pull_and_push_do_not_depend_on_the_batch(rng):
    detector, outputs = make(tag_images=1.0), random_outputs(rng, batch=1)
    targets = batched(detector, OBJECTS)
    once = detector.loss(outputs, targets)
    doubled = (
        {name: tf.concat([v, v], 0) for name, v in each.items()} for each in (outputs, targets)
    )
    twice = detector.loss(*doubled)
    for name in once:
        np.testing.assert_allclose(once[name], twice[name], rtol=1e-4)


def test_losses_of_stacks_are_averaged_or_added(rng):
    first, last = random_outputs(rng), random_outputs(rng)
    both = {**{f"{stack_prefixes(2)[0]}{name}": value for name, value in first.items()}, **last}
    for variant, share in (("original", 0.5), ("mmdet", 1.0)):
        detector = make(variant=variant)
        targets = batched(detector, OBJECTS, [])
        expected = share * sum(detector.loss(maps, targets)["loss"] for maps in (first, last))
        np.testing.assert_allclose(detector.loss(both, targets)["loss"], expected, rtol=1e-5)


def test_a_flip_test_merges_the_detections_of_the_mirror_image():
    detector = make(max_detections=12)
    seen, hidden = OBJECTS[:2], OBJECTS[2:]
    turned = [([top, 96 - right, bottom, 96 - left], c) for (top, left, bottom, right), c in hidden]
    one, other = (
        detector.targets_to_outputs(batched(detector, objects)) for objects in (seen, turned)
    )
    merged = detector.merge_mirrored(one, other)
    found = detector.decode(merged)
    for box, label in OBJECTS:
        rows = [row for row in range(4) if np.abs(found.boxes[0, row] - box).max() < 1e-3]
        assert len(rows) == 1 and found.classes[0, rows[0]] == label
    compiled = tf.function(detector.decode, jit_compile=True)(merged)
    np.testing.assert_allclose(compiled.boxes, found.boxes, atol=1e-4)


def test_images_of_any_size(rng):
    detector = make((63, 95))
    maps = {
        name: tf.TensorSpec([None] * 3 + value.shape[3:])
        for name, value in random_outputs(rng).items()
    }
    decode = tf.function(detector.decode, input_signature=[maps])
    for height, width in ((8, 16), (24, 8)):
        outputs = random_outputs(rng, size=(height, width))
        expected = make((4 * height - 1, 4 * width - 1)).decode(outputs)
        for ours, theirs in zip(decode(outputs), expected):
            np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_a_step_of_training_has_gradients_for_every_weight(rng, network):
    detector = make((31, 63))
    images = tf.constant(rng.normal(size=[2, 31, 63, 3]), tf.float32)
    targets = batched(detector, [([2, 3, 20, 30], 0), ([8, 30, 28, 60], 2)], [])

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = detector.loss(network(images, training=True), targets)["loss"]
        return loss, tape.gradient(loss, network.trainable_variables)

    loss, gradients = step()
    assert np.isfinite(loss) and all(np.all(np.isfinite(gradient)) for gradient in gradients)
    assert all(np.any(gradient) for gradient in gradients)


def test_the_network_is_saved_and_loaded(rng, network, tmp_path):
    images = tf.constant(rng.normal(size=[1, 31, 63, 3]), tf.float32)
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
    assert 187_700_352 + 2 * of_stack == 201_035_212


def test_settings_that_cannot_be():
    for options, message in (
        ({"variant": "paper"}, "variant must be original or mmdet; got 'paper'"),
        ({"radius_rule": "cornernt"}, "Did you mean 'cornernet'"),
        ({"corners": 1000}, "corners must be 1 to 384"),
        ({"pairs": 5}, "max_detections <= pairs"),
        ({"peak_kernel": 2}, "peak_kernel must be odd"),
        ({"tag_images": 0.0}, "tag_images must be positive"),
    ):
        with pytest.raises(UserError, match=message):
            validate(load_config([], settings(**options)))
    validate(load_config([], settings((63, 95))))
    with pytest.raises(UserError, match="must be multiples of 32 for the backbone"):
        validate(load_config([], ["data.input_size=[63,95]"]))


def from_nchw(maps, order=1):
    return tf.constant(np.transpose(maps, (0, 2, 3, 1))[..., ::order].copy())


def golden_maps(golden, stack=None):
    """mmdet's predictions as our maps; its stored names differ between files."""
    names = {"heatmap": ("pred_{}_h", "{}_heat_logit"), "tag": ("pred_{}_e", "{}_emb")}
    names["offset"] = ("pred_{}_o", "{}_off")
    maps = {}
    for corner in ("tl", "br"):
        for name, keys in names.items():
            key = keys[0 if stack is not None else 1].format(corner)
            value = golden[key] if stack is None else golden[key][stack]
            maps[f"{corner}_{name}"] = from_nchw(value, -1 if name == "offset" else 1)
    return maps


@pytest.fixture(name="mmdet_targets")
def encode_mmdet_targets(testdata):
    golden = np.load(testdata / "golden/cornernet_targets_losses.npz")
    options = {"variant": "mmdet", "tag_images": 3.0}
    detector = make_detector(load_config([], settings(golden["img_hw"].tolist(), **options)), 6)
    images = [
        list(zip(golden[f"boxes{i}"][:, [1, 0, 3, 2]], golden[f"labels{i}"])) for i in range(2)
    ]
    return golden, detector, batched(detector, *images, [])


def test_mmdet_targets_golden(mmdet_targets):
    golden, detector, targets = mmdet_targets
    assert detector.map_size == tuple(golden["feat_hw"])
    for corner in ("tl", "br"):
        expected = np.transpose(golden[f"{corner}_heat"], (0, 2, 3, 1))
        np.testing.assert_allclose(targets[f"{corner}_heatmap"], expected, atol=1e-5)
        offsets = np.transpose(golden[f"{corner}_off"], (0, 2, 3, 1))[..., ::-1]
        drawn = detector.targets_to_outputs(targets)[f"{corner}_offset"]
        np.testing.assert_allclose(drawn, offsets, atol=1e-4)
    for image in range(2):
        cells = golden[f"emb{image}"]
        for corner, place in (("tl", 0), ("br", 1)):
            expected = cells[:, place, 0] * 40 + cells[:, place, 1]
            found = targets[f"{corner}_index"][image, : len(cells)]
            np.testing.assert_array_equal(found, expected)


def test_mmdet_losses_and_gradients_golden(mmdet_targets):
    golden, detector, targets = mmdet_targets
    outputs = golden_maps(golden, 1)
    outputs |= {f"stack0_{name}": value for name, value in golden_maps(golden, 0).items()}
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        losses = detector.loss(outputs, targets)
    for name, key, weight in (
        ("heatmap", "det", 1.0),
        ("offset", "off", 1.0),
        ("pull", "pull", 0.1),
        ("push", "push", 0.1),
    ):
        ours = weight * losses[f"{name}_loss"]
        np.testing.assert_allclose(ours, golden[f"{key}_loss"].sum(), rtol=1e-4)
    gradients = tape.gradient(losses["loss"], outputs)
    for key, name, order in (
        ("grad_tl_h", "tl_heatmap", 1),
        ("grad_tl_e", "tl_tag", 1),
        ("grad_br_e", "br_tag", 1),
        ("grad_tl_o", "tl_offset", -1),
        ("grad_br_o", "br_offset", -1),
    ):
        for stack, prefix in enumerate(("stack0_", "")):
            expected = np.transpose(golden[key][stack], (0, 2, 3, 1))[..., ::order]
            ours = tf.convert_to_tensor(gradients[f"{prefix}{name}"])
            np.testing.assert_allclose(ours, expected, atol=1e-3 * np.abs(expected).max())


def check_same_rows(found, image, rows):
    """Row by row; rows of equal score may come in any order. rows: x1, y1, x2, y2, score, class."""
    assert int(found.count[image]) == len(rows)
    np.testing.assert_allclose(found.scores[image, : len(rows)], rows[:, 4], atol=1e-4)
    for row in rows:
        near = np.abs(found.scores[image].numpy() - row[4]) < 1e-4
        near &= found.classes[image].numpy() == row[5]
        near &= np.abs(found.boxes[image].numpy() - row[[1, 0, 3, 2]]).max(-1) < 1e-2
        assert near.sum() == 1, row


@pytest.mark.parametrize("soft_nms", [False, True])
def test_mmdet_decode_golden(testdata, soft_nms):
    golden = np.load(testdata / "golden/cornernet_decode.npz")
    options = {"corners": 50, "pairs": 1000, "max_detections": 100, **MMDET}
    size = golden["inp_hw"].tolist()
    detector = make(size, 6, soft_nms=soft_nms, **options)
    found = detector.decode(golden_maps(golden))
    name = "soft_gaussian" if soft_nms else "nonms"
    for image in range(2):
        check_same_rows(found, image, golden[f"noborder_{name}_rescale0_img{image}"])
