"""The SavedModel: what it answers, and how its versions appear."""

import json
import os
import platform
import subprocess
import sys
from unittest.mock import MagicMock

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.errors import UserError
from centernet_tf.export import saved_model, warmup
from centernet_tf.export.api_outputs import detections_from_outputs
from centernet_tf.export.comparison import Difference, compare
from centernet_tf.export.keras_predictor import KerasPredictor
from centernet_tf.export.options import ExportOptions
from centernet_tf.export.saved_model import export_saved_model
from centernet_tf.export.saved_model_predictor import SavedModelPredictor
from centernet_tf.export.serving_module import ServingModule
from centernet_tf.serving.client_run import ClientRun
from tests.export.tiny_detector import encode, textured_image

SIZES = [(64, 96), (120, 80), (50, 200), (33, 17), (150, 150), (97, 64), (240, 320), (65, 97)]
IMAGES = [textured_image(*size, seed) for seed, size in enumerate(SIZES)]


@pytest.fixture(scope="module")
def signatures(version_folder):
    return tf.saved_model.load(version_folder).signatures


@pytest.fixture(scope="module")
def expected(trained):
    predictor = KerasPredictor(trained)
    return [predictor.predict(image) for image in IMAGES]


def rows(outputs, images, categories):
    arrays = {name: value.numpy() for name, value in outputs.items()}
    assert all(len(value) == len(images) for value in arrays.values())
    return [
        detections_from_outputs(
            {name: value[row] for name, value in arrays.items()}, image.shape[:2], categories
        )
        for row, image in enumerate(images)
    ]


@pytest.mark.parametrize("batch", [1, 3, 8])
def test_bytes_of_mixed_sizes_agree_with_keras_row_by_row(signatures, trained, expected, batch):
    encoded = tf.constant([encode(image) for image in IMAGES[:batch]])
    found = rows(
        signatures["serving_default"](image_bytes=encoded), IMAGES[:batch], trained.categories
    )
    for one, other in zip(expected, found):
        assert one.count > 10
        np.testing.assert_array_equal(one.classes, other.classes)
        np.testing.assert_allclose(one.boxes, other.boxes, atol=0.1)
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-3)


@pytest.mark.parametrize("batch", [1, 3, 8])
def test_pixels_agree_with_keras_row_by_row(signatures, trained, batch):
    images = [textured_image(70, 90, seed) for seed in range(batch)]
    outputs = signatures["image_tensor"](image_tensor=tf.constant(np.stack(images)))
    predictor = KerasPredictor(trained)
    found = rows(outputs, images, trained.categories)
    difference = compare([predictor.predict(image) for image in images], found)
    assert difference.is_tolerable and difference.num_detections > 10 * batch


def test_examples_agree_with_bytes(signatures):
    encoded = [encode(image) for image in IMAGES[:3]]
    examples = [
        tf.train.Example(
            features=tf.train.Features(
                feature={
                    "image/encoded": tf.train.Feature(bytes_list=tf.train.BytesList(value=[item])),
                    "image/filename": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"a"])),
                }
            )
        ).SerializeToString()
        for item in encoded
    ]
    one = signatures["serving_default"](image_bytes=tf.constant(encoded))
    other = signatures["tf_example"](tf_example=tf.constant(examples))
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_jpeg_png_and_greyscale_share_a_batch(signatures, trained):
    grey = IMAGES[1][..., 0]
    encoded = [
        encode(IMAGES[0], "JPEG", quality=95),
        encode(IMAGES[0]),
        encode(grey),
        encode(grey, "JPEG"),
    ]
    decoded = [tf.io.decode_image(item, 3, expand_animations=False).numpy() for item in encoded]
    outputs = signatures["serving_default"](image_bytes=tf.constant(encoded))
    predictor = KerasPredictor(trained)
    found = rows(outputs, decoded, trained.categories)
    assert compare([predictor.predict(image) for image in decoded], found).is_tolerable


def test_outputs_follow_the_object_detection_api(signatures, trained):
    outputs = signatures["serving_default"](image_bytes=tf.constant([encode(IMAGES[0])]))
    shapes = {name: (value.dtype, tuple(value.shape)) for name, value in outputs.items()}
    assert shapes == {
        "detection_boxes": (tf.float32, (1, 30, 4)),
        "detection_scores": (tf.float32, (1, 30)),
        "detection_classes": (tf.float32, (1, 30)),
        "detection_class_names": (tf.string, (1, 30)),
        "num_detections": (tf.float32, (1,)),
        "image_status": (tf.int32, (1,)),
    }
    names = {float(category.id): category.name for category in trained.categories}
    for identity, name in zip(
        outputs["detection_classes"].numpy()[0], outputs["detection_class_names"].numpy()[0]
    ):
        assert names[identity] == name.decode()


def test_batch_and_image_size_are_dynamic(signatures):
    for name, shape in (
        ("serving_default", [None]),
        ("image_tensor", [None, None, None, 3]),
        ("tf_example", [None]),
    ):
        (spec,) = signatures[name].structured_input_signature[1].values()
        assert spec.shape.as_list() == shape
        assert all(spec.shape[0] is None for spec in signatures[name].structured_outputs.values())


def test_options_cut_the_list_and_empty_the_padding(trained, expected):
    threshold = float(expected[0].scores[4]) - 1e-6
    module = ServingModule(trained, ExportOptions(max_detections=9, score_threshold=threshold))
    outputs = module.detect_image_bytes(tf.constant([encode(IMAGES[0])]))
    assert outputs["detection_scores"].shape == (1, 9)
    assert outputs["num_detections"].numpy() == [5.0]
    for name in ("detection_boxes", "detection_scores", "detection_classes"):
        assert not outputs[name].numpy()[0, 5:].any()
    assert set(outputs["detection_class_names"].numpy()[0, 5:]) == {b""}
    np.testing.assert_allclose(
        outputs["detection_scores"][0, :5], expected[0].scores[:5], atol=1e-6
    )


def test_assets_name_the_classes_and_the_origin(version_folder):
    with open(os.path.join(version_folder, "assets", "labels.json"), encoding="utf-8") as stream:
        assert json.load(stream)[2] == {"id": 11, "name": "naïve"}
    with open(os.path.join(version_folder, "assets", "metadata.json"), encoding="utf-8") as stream:
        description = json.load(stream)
    assert description["step"] == 12 and description["config"]["data"]["input_size"] == [64, 96]
    assert description["check"]["box_px"] <= 0.1 and description["check"]["num_detections"] > 0
    assert os.path.getsize(os.path.join(version_folder, warmup.FILE)) > 1000
    assert "deploy" in os.listdir(os.path.dirname(version_folder))


def test_the_check_counts_the_detections_of_one_signature(version_folder, trained):
    images = [encode(textured_image(64, 96)), encode(textured_image(50, 70, 1))]
    difference = saved_model.check_saved_model(trained, version_folder, images, ExportOptions())
    predictor = KerasPredictor(trained)
    expected = [
        predictor.predict(tf.io.decode_image(image, 3, expand_animations=False).numpy())
        for image in images
    ]
    assert difference.num_images == 2
    assert difference.num_detections == sum(len(found.scores) for found in expected)


@pytest.fixture
def nothing_saved(monkeypatch):
    """Exports without the graph, which takes seconds, for tests of what is around it."""
    good = Difference(box_px=0.0, score=0.0, num_images=1, num_detections=9)
    monkeypatch.setattr(saved_model.tf.saved_model, "save", lambda *_, **__: None)
    monkeypatch.setattr(saved_model, "check_saved_model", lambda *_: good)
    monkeypatch.setattr(saved_model, "ServingModule", MagicMock())


@pytest.mark.usefixtures("nothing_saved")
def test_a_killed_export_is_cleared_away(trained, tmp_path, capsys):
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    remains = tmp_path / f"incomplete-{platform.node()}-{killed.pid}"
    (remains / "variables").mkdir(parents=True)
    export_saved_model(trained, str(tmp_path))
    assert sorted(os.listdir(tmp_path)) == ["1", "deploy"]
    assert capsys.readouterr().out == f"Removed {remains}, left by a run that was killed.\n"


@pytest.mark.usefixtures("nothing_saved")
def test_versions_count_up_and_none_is_overwritten(trained, tmp_path):
    for name in ("3", "notes", "incomplete-1"):
        (tmp_path / name).mkdir()
    (tmp_path / "7").write_text("a file, no version")
    assert export_saved_model(trained, str(tmp_path)) == str(tmp_path / "4")
    assert sorted(os.listdir(tmp_path)) == ["3", "4", "7", "deploy", "incomplete-1", "notes"]


@pytest.mark.usefixtures("nothing_saved")
def test_a_refused_export_leaves_nothing(trained, tmp_path, monkeypatch):
    bad = Difference(box_px=3.5, score=0.25, num_images=4, num_detections=9)
    monkeypatch.setattr(saved_model, "check_saved_model", lambda *_: bad)
    with pytest.raises(UserError, match="3.5 px in boxes .* 0.25 in scores .* it was not kept"):
        export_saved_model(trained, str(tmp_path / "served"))
    assert os.listdir(tmp_path) == []
    (tmp_path / "served").mkdir()
    with pytest.raises(UserError):
        export_saved_model(trained, str(tmp_path / "served"))
    assert os.listdir(tmp_path / "served") == []


@pytest.mark.usefixtures("nothing_saved")
def test_a_missing_extra_is_said(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(saved_model, "write_warmup_requests", lambda *_: False)
    export_saved_model(trained, str(tmp_path))
    assert "Without tensorflow-serving-api" in capsys.readouterr().out


def test_more_rows_than_there_are_is_one_sentence_before_anything_is_traced(trained, tmp_path):
    with pytest.raises(UserError, match="^max_detections=31 is more than the 30 rows"):
        export_saved_model(trained, str(tmp_path / "served"), ExportOptions(max_detections=31))
    assert os.listdir(tmp_path) == []


def test_boxes_in_pixels_come_back_through_both_readers(trained, tmp_path):
    folder = export_saved_model(trained, str(tmp_path / "px"), ExportOptions(box_units="pixels"))
    expected = KerasPredictor(trained).predict(IMAGES[1])
    found = SavedModelPredictor(folder).predict(IMAGES[1])
    np.testing.assert_allclose(found.boxes, expected.boxes, atol=0.1)
    serve = tf.saved_model.load(folder).signatures["serving_default"]

    class Client:
        def detect(self, images):
            outputs = serve(image_bytes=tf.constant(images))
            yield {name: value.numpy()[0] for name, value in outputs.items()}

    path = tmp_path / "image.png"
    path.write_bytes(encode(IMAGES[1]))
    (result,) = ClientRun(Client()).results([str(path)])
    np.testing.assert_allclose(result.found.boxes, expected.boxes, atol=0.1)


def test_output_that_is_a_file_is_one_sentence(trained, tmp_path):
    path = tmp_path / "served"
    path.write_text("")
    with pytest.raises(UserError, match="Cannot write to the output folder .*served"):
        export_saved_model(trained, str(path))


@pytest.mark.parametrize(
    "values",
    [
        {"max_detections": -1},
        {"score_threshold": 1.5},
        {"nms_iou": 1.0},
        {"box_units": "pixel"},
        {"max_pixels": 0},
    ],
)
def test_wrong_options_are_one_sentence(values):
    (name,) = values
    with pytest.raises(UserError, match=f"{name} must be .* got"):
        ExportOptions(**values)
