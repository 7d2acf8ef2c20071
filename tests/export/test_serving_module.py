"""What the options at export change in the answers."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.export.image_detector import ImageDetector
from centernet_tf.export.image_status import DAMAGED, GOOD, TOO_LARGE, UNKNOWN_FORMAT
from centernet_tf.export.keras_predictor import KerasPredictor
from centernet_tf.export.options import SAMPLINGS, ExportOptions
from centernet_tf.export.serving_module import ServingModule
from centernet_tf.export.warmup import example_of
from tests.export.tiny_detector import encode, make_trained, textured_image

IMAGE = textured_image(120, 80, 1)
OTHER = textured_image(50, 200, 2)


# Shared by several tests, as tracing takes seconds.
COMMON = {"max_pixels": 80_000, "raw_maps": True}


@pytest.fixture(scope="module")
def answers(trained):
    """f(images, ...) -> outputs of a module with options, each of which is traced once."""
    modules = {}

    def detect(*images, signature="serving_default", **options):
        key = tuple(options.items())
        if key not in modules:
            modules[key] = ServingModule(trained, ExportOptions(**options))
        outputs = modules[key].signatures()[signature](tf.constant(images))
        return {name: value.numpy() for name, value in outputs.items()}

    return detect


def overlap(one, other):
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    shared = np.prod(np.maximum(high - low, 0))
    areas = [np.prod(np.maximum(box[2:] - box[:2], 0)) for box in (one, other)]
    return shared / max(sum(areas) - shared, 1e-9)


def test_boxes_in_pixels_have_another_name(trained, answers):
    found = answers(encode(IMAGE), box_units="pixels")
    assert "detection_boxes" not in found
    expected = KerasPredictor(trained).predict(IMAGE)
    np.testing.assert_allclose(found["detection_boxes_px"][0], expected.boxes, atol=0.1)


def test_bad_images_spoil_only_their_own_rows(trained, answers):
    good = encode(IMAGE)
    batch = [good, b"no image", encode(OTHER, "JPEG")[:400], encode(textured_image(300, 300)), good]
    found = answers(*batch, **COMMON)
    assert found["image_status"].tolist() == [GOOD, UNKNOWN_FORMAT, DAMAGED, TOO_LARGE, GOOD]
    for name, values in found.items():
        np.testing.assert_array_equal(values[0], values[4])
        if name == "detection_class_names":
            assert set(values[1:4].ravel()) == {b""}
        elif name != "image_status" and not name.startswith("raw_"):
            assert not values[1:4].any()
    expected = KerasPredictor(trained).predict(IMAGE)
    assert found["num_detections"][0] == expected.count > 10
    np.testing.assert_allclose(found["detection_scores"][0], expected.scores, atol=1e-3)


def test_bad_examples_spoil_only_their_own_rows(answers):
    examples = [
        example_of(encode(IMAGE)),
        b"\xff\xff\xff",
        tf.train.Example().SerializeToString(),
        example_of(b"nothing"),
    ]
    found = answers(*examples, signature="tf_example", **COMMON)
    assert found["image_status"].tolist() == [GOOD, DAMAGED, DAMAGED, UNKNOWN_FORMAT]
    assert found["num_detections"].astype(bool).tolist() == [True, False, False, False]


@pytest.mark.parametrize("flip_test", [False, True])
def test_an_empty_batch_has_empty_answers(trained, flip_test):
    module = ServingModule(trained, ExportOptions(raw_maps=True, flip_test=flip_test))
    rows = {
        "serving_default": tf.constant([], tf.string),
        "image_tensor": tf.zeros([0, 40, 40, 3], tf.uint8),
        "tf_example": tf.constant([], tf.string),
    }
    for name, detect in module.signatures().items():
        found = detect(rows[name])
        one = {key: [0, *value.shape[1:]] for key, value in found.items()}
        assert {key: value.shape.as_list() for key, value in found.items()} == one
        assert one["detection_boxes"] == [0, 30, 4] and one["num_detections"] == [0]


def test_raw_maps_are_those_that_the_decoder_reads(trained, answers):
    found = answers(encode(IMAGE), encode(OTHER), **COMMON)
    detector = ImageDetector(trained)
    maps = detector.maps(tf.stack([detector.letterbox(image) for image in (IMAGE, OTHER)]))
    assert {name for name in found if name.startswith("raw_")} == {f"raw_{name}" for name in maps}
    for name, values in maps.items():
        np.testing.assert_allclose(found[f"raw_{name}"], values, atol=1e-4)


def test_the_flip_test_sees_an_image_and_its_mirror_image_alike(answers):
    # Of the input's size, so that no resampling comes between.
    image = textured_image(64, 96, 3)
    found = answers(encode(image), encode(image[:, ::-1]), flip_test=True)
    plain = answers(encode(image), encode(image[:, ::-1]), **COMMON)
    np.testing.assert_allclose(*found["detection_scores"], atol=1e-5)
    assert np.abs(np.diff(plain["detection_scores"], axis=0)).max() > 1e-3


def test_suppression_leaves_no_overlap_within_a_class(answers):
    plain = answers(encode(IMAGE), box_units="pixels")
    found = answers(encode(IMAGE), box_units="pixels", nms_iou=0.05)
    count = int(found["num_detections"][0])
    assert 1 < count < plain["num_detections"][0]
    boxes, classes = found["detection_boxes_px"][0, :count], found["detection_classes"][0, :count]
    pairs = [(i, j) for i in range(count) for j in range(i) if classes[i] == classes[j]]
    assert pairs and all(overlap(boxes[i], boxes[j]) <= 0.05 + 1e-5 for i, j in pairs)
    np.testing.assert_array_equal(found["detection_scores"][0, 0], plain["detection_scores"][0, 0])
    assert not found["detection_boxes_px"][0, count:].any()


def test_deformable_layers_sample_as_the_devices_do_best_or_portably():
    trained = make_trained("resdcn_18")
    kinds, found = {}, {}
    for sampling in SAMPLINGS:
        module = ServingModule(trained, ExportOptions(sampling=sampling))
        detect = module.detect_image_bytes.get_concrete_function()
        operations = detect.graph.get_operations()
        kinds[sampling] = {operation.type for operation in operations}
        # TensorFlow warns of every gradient of one's own when it loads a graph.
        assert not any("_gradient_op_type" in each.node_def.attr for each in operations)
        found[sampling] = detect(tf.constant([encode(IMAGE)]))
    assert "SparseMatrixMatMul" in kinds["auto"] - kinds["portable"]
    for name in ("detection_boxes", "detection_scores"):
        np.testing.assert_allclose(found["auto"][name], found["portable"][name], atol=1e-4)
