"""CenterNet beyond the published settings: sizes by class, GIoU, no offset, suppression."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.errors import UserError
from centernet_tf.ops.center_decode import decode_centers
from tests.detectors.test_centernet import make
from tests.ops.test_box_losses import naive_loss
from tests.ops.tflite_run import run_tflite

SIZE, CLASSES = (16, 24), 3


def encoded(detector, boxes, classes):
    boxes, classes = tf.constant([boxes], tf.float32), tf.constant([classes], tf.int32)
    return detector.encode(boxes, classes, tf.ones(classes.shape, tf.bool))


def random_outputs(detector, batch=2):
    return {
        name: tf.random.stateless_normal([batch, *SIZE, channels], [channels, 4]) * 2.0
        for name, channels in detector._head_channels().items()
    }


def found_boxes(found, count):
    order = np.lexsort((found.boxes[0, :count, 2], found.classes[0, :count]))
    return found.boxes[0].numpy()[order], found.classes[0].numpy()[order]


def test_objects_of_two_classes_share_a_centre():
    boxes, classes = [[10, 10, 30, 50], [14, 20, 26, 40]], [0, 2]
    detector = make(max_detections=2, cat_spec_wh=True)
    found = detector.decode(detector.targets_to_outputs(encoded(detector, boxes, classes)))
    got, labels = found_boxes(found, 2)
    assert labels.tolist() == classes
    np.testing.assert_allclose(got, boxes, atol=1e-3)
    one_size = make(max_detections=2)
    found = one_size.decode(one_size.targets_to_outputs(encoded(one_size, boxes, classes)))
    assert np.abs(found_boxes(found, 2)[0] - boxes).max() > 1.0


def test_sizes_by_class_learn_at_the_own_class_alone():
    detector = make(cat_spec_wh=True)
    targets = encoded(detector, [[10, 10, 30, 50], [40, 60, 60, 90]], [0, 2])
    outputs = random_outputs(detector, batch=1)
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        losses = detector.loss(outputs, targets)
    gradient = tape.gradient(losses["size_loss"], outputs)["size"].numpy()
    cells = [(20 // 4, 30 // 4), (50 // 4, 75 // 4)]
    touched = {tuple(place) for place in np.argwhere(gradient[0])}
    assert touched == {(*cells[0], 0), (*cells[0], 1), (*cells[1], 4), (*cells[1], 5)}
    sizes = [(5, 10), (5, 7.5)]
    naive = sum(
        np.abs(outputs["size"][0, y, x].numpy()[2 * label : 2 * label + 2] - size).sum()
        for (y, x), size, label in zip(cells, sizes, (0, 2))
    )
    np.testing.assert_allclose(losses["size_loss"], naive / (2 * 2 + 1e-4), rtol=1e-5)


def test_sizes_by_class_golden(testdata):
    golden = np.load(testdata / "golden/xy_ctdet_decode.npz")
    heat, reg, sizes = (
        np.transpose(golden[name], (0, 2, 3, 1)) for name in ("heat", "reg", "cat_spec_wh")
    )
    logits = np.log(heat.astype(np.float64)) - np.log1p(-heat.astype(np.float64))
    pairs = sizes.reshape(*sizes.shape[:3], -1, 2)[..., ::-1].reshape(sizes.shape)
    found = decode_centers(
        *(tf.constant(value, tf.float32) for value in (logits, pairs, reg[..., ::-1])), 100, 3, 1
    )
    expected = golden["dets_catspec"]
    np.testing.assert_allclose(found.boxes, expected[..., [1, 0, 3, 2]], atol=1e-3)
    np.testing.assert_allclose(found.scores, expected[..., 4], atol=1e-5)
    np.testing.assert_array_equal(found.classes, expected[..., 5])


def test_without_offset_boxes_sit_in_the_middle_of_cells():
    detector = make(max_detections=2, offset="none")
    assert detector.loss_names == ("loss", "heatmap_loss", "size_loss")
    boxes = np.array([[10, 10, 30, 50], [41, 61, 59, 90]])
    targets = encoded(detector, boxes.tolist(), [0, 2])
    outputs = detector.targets_to_outputs(targets)
    assert set(outputs) == {"heatmap", "size"}
    losses = detector.loss(outputs, targets)
    assert set(losses) == set(detector.loss_names) and losses["size_loss"] == 0
    got, _ = found_boxes(detector.decode(outputs), 2)
    middle = ((boxes[:, :2] + boxes[:, 2:]) / 2 // 4 + 0.5) * 4
    half = (boxes[:, 2:] - boxes[:, :2]) / 2
    np.testing.assert_allclose(got, np.concatenate([middle - half, middle + half], -1), atol=1e-3)


@pytest.mark.parametrize("offset", ["predicted", "none"])
def test_overlap_loss_is_that_of_the_whole_boxes(offset):
    detector = make(box_loss="giou", size_weight=1.0, offset=offset)
    boxes = np.float32([[10, 10, 30, 50], [41, 61, 59, 90]])
    targets = encoded(detector, boxes.tolist(), [0, 2])
    outputs = random_outputs(detector, batch=1)
    outputs["size"] = tf.abs(outputs["size"]) + 1.0
    losses = detector.loss(outputs, targets)
    predicted = []
    for box in boxes:
        cell = ((box[:2] + box[2:]) / 2 // 4).astype(int)
        at = outputs["offset"][0, cell[0], cell[1]].numpy() if offset == "predicted" else 0.5
        size = outputs["size"][0, cell[0], cell[1]].numpy()
        predicted.append(np.concatenate([cell + at - size / 2, cell + at + size / 2]))
    naive = naive_loss("giou_loss", np.array(predicted), boxes / 4, 0.0).mean()
    np.testing.assert_allclose(losses["size_loss"], naive, rtol=1e-4)
    weighted = sum(value for name, value in losses.items() if name != "loss")
    np.testing.assert_allclose(losses["loss"], weighted, rtol=1e-5)
    perfect = detector.loss(detector.targets_to_outputs(targets), targets)
    if offset == "predicted":
        np.testing.assert_allclose(perfect["size_loss"], 0.0, atol=1e-6)


def test_box_nms_drops_what_overlaps_in_its_class():
    boxes = [[10, 10, 40, 50], [10, 14, 40, 54], [10, 12, 44, 56], [44, 60, 60, 90]]
    settings = {"max_detections": 4, "offset": "predicted"}
    counts = {}
    for threshold in (0.0, 0.5):
        detector = make(box_nms=threshold, **settings)
        targets = encoded(detector, boxes, [0, 0, 1, 0])
        found = detector.decode(detector.targets_to_outputs(targets))
        counts[threshold] = int(np.sum(found.scores > 0.99))
        assert found.boxes.shape == (1, 4, 4)
    assert counts == {0.0: 4, 0.5: 3}


EVERYTHING = {
    "cat_spec_wh": True,
    "box_loss": "giou",
    "offset": "none",
    "box_nms": 0.5,
    "shared_head": True,
    "head_norm_groups": 4,
    "head_channels": 8,
    "max_detections": 20,
}


def test_everything_compiles_and_converts():
    detector = make(**EVERYTHING)
    outputs = random_outputs(detector)
    targets = encoded(detector, [[10, 10, 30, 50], [40, 60, 60, 90]], [0, 2])
    targets = {name: tf.concat([value, value], axis=0) for name, value in targets.items()}
    eager = detector.loss(outputs, targets)
    compiled = tf.function(detector.loss, jit_compile=True)(outputs, targets)
    for name in detector.loss_names:
        np.testing.assert_allclose(compiled[name], eager[name], rtol=1e-4)
    found = detector.decode(outputs)
    for value, expected in zip(tf.function(detector.decode, jit_compile=True)(outputs), found):
        np.testing.assert_allclose(value, expected, atol=1e-4)
    first = {name: value[:1].numpy() for name, value in outputs.items()}
    lite = run_tflite(lambda **maps: detector.decode(maps)._asdict(), **first)
    for name, value in found._asdict().items():
        np.testing.assert_allclose(lite[name], value[:1], atol=1e-4, err_msg=name)


def test_heads_share_a_normalised_layer():
    detector = make(**EVERYTHING)
    network = detector.build()
    names = {layer.name for layer in network.layers}
    assert {"shared_hidden", "shared_norm", "heatmap_final", "size_final"} <= names
    assert not names & {"heatmap_hidden", "size_hidden", "offset_final"}
    images = tf.random.stateless_normal([2, 64, 96, 3], [1, 2])
    targets = encoded(detector, [[10, 10, 30, 50]], [1])
    targets = {name: tf.concat([value, value], axis=0) for name, value in targets.items()}
    with tf.GradientTape() as tape:
        outputs = network(images, training=True)
        loss = detector.loss(outputs, targets)["loss"]
    assert outputs["size"].shape == (2, *SIZE, 2 * CLASSES)
    assert abs(float(tf.reduce_mean(outputs["size"])) - 8.0) < 0.5
    for variable, gradient in zip(
        network.trainable_variables, tape.gradient(loss, network.trainable_variables)
    ):
        assert gradient is not None and np.isfinite(gradient).all(), variable.name


def test_each_head_may_have_a_norm_of_its_own():
    network = make(head_norm_groups=2, head_channels=8).build()
    names = {layer.name for layer in network.layers}
    assert {"heatmap_norm", "size_norm", "offset_norm"} <= names
    assert network.get_layer("heatmap_norm").groups == 2


@pytest.mark.parametrize(
    "settings,text",
    [
        ({"box_loss": "l2"}, "box_loss must be l1 or giou; got 'l2'"),
        ({"offset": "learnt"}, "offset must be predicted or none; got 'learnt'"),
        ({"box_nms": 1.0}, "box_nms must be 0 .off. or more and below 1; got 1.0"),
        ({"head_norm_groups": 5}, "head_norm_groups must divide the 64 channels"),
    ],
)
def test_settings_that_cannot_be(settings, text):
    with pytest.raises(UserError, match=text):
        make(**settings)
