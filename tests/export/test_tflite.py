"""The TFLite file: what it holds, what it answers, and that a failed export leaves none."""

import json
import os
import zipfile

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.errors import UserError
from centernet_tf.export import companion_files, flatbuffer, tflite
from centernet_tf.export.comparison import Difference, compare
from centernet_tf.export.keras_predictor import KerasPredictor
from centernet_tf.export.options import ExportOptions
from centernet_tf.export.tflite import export_tflite
from centernet_tf.export.tflite_predictor import TFLitePredictor, read_tflite
from tests.export.tiny_detector import make_trained, textured_image

SIZES = [(64, 96), (120, 80), (50, 200), (33, 17), (240, 320)]
NAMES = ["detection_boxes", "detection_classes", "detection_scores", "num_detections"]


@pytest.fixture(scope="module")
def path(exported):
    return exported[0]


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory):
    """The path of a file, and what was written to the terminal while it was exported."""
    folder = tmp_path_factory.mktemp("export")
    with open(folder / "heard", "w+b") as held:
        terminals = [os.dup(number) for number in (1, 2)]
        for number in (1, 2):
            os.dup2(held.fileno(), number)
        try:
            path = export_tflite(trained, str(folder / "lite" / "tiny.tflite"))
        finally:
            for number, terminal in zip((1, 2), terminals):
                os.dup2(terminal, number)
                os.close(terminal)
        held.seek(0)
        return path, held.read()


@pytest.fixture
def converted_before(path, monkeypatch):
    """Saves the conversion of a test that is about what comes after it."""
    model = read_tflite(path).model
    monkeypatch.setattr(tflite, "convert", lambda *_: model)


@pytest.mark.parametrize("size", SIZES)
def test_agrees_with_keras_row_by_row(path, trained, size):
    image = textured_image(*size, seed=3)
    one, other = KerasPredictor(trained).predict(image), TFLitePredictor(path).predict(image)
    assert one.count == other.count > 10
    np.testing.assert_array_equal(one.classes, other.classes)
    np.testing.assert_allclose(one.boxes, other.boxes, atol=0.1)
    np.testing.assert_allclose(one.scores, other.scores, atol=1e-3)


def test_the_size_of_the_image_may_change_between_calls(path, trained):
    images = [textured_image(*size) for size in SIZES + SIZES[:1]]
    one, other = KerasPredictor(trained), TFLitePredictor(path)
    found = [other.predict(image) for image in images]
    assert compare([one.predict(image) for image in images], found).is_tolerable


@pytest.mark.slow
def test_a_deformable_network_agrees_too(tmp_path):
    trained = make_trained("mmdet_resnet18_dcn", input_size=(96, 160))
    path = export_tflite(trained, str(tmp_path / "tiny.tflite"))
    with open(tmp_path / "tiny.json", encoding="utf-8") as stream:
        check = json.load(stream)["check"]
    assert check["num_detections"] > 20 and check["box_px"] <= 0.1 and check["score"] <= 1e-3
    assert TFLitePredictor(path).categories == trained.categories


def test_holds_built_in_operations_only(path):
    with open(path, "rb") as stream:
        names = flatbuffer.operations(stream.read())
    assert {"CONV_2D", "MAX_POOL_2D", "TOPK_V2", "GATHER"} <= set(names)
    assert not [name for name in names if name.startswith(("CUSTOM", "Flex"))]


def test_signature_and_order_of_the_outputs(path):
    interpreter = tf.lite.Interpreter(path)
    signature = interpreter.get_signature_list()["serving_default"]
    assert signature == {"inputs": ["image"], "outputs": NAMES}
    shapes = [tuple(entry["shape"]) for entry in interpreter.get_output_details()]
    assert shapes == [(1, 30, 4), (1, 30), (1, 30), (1,)]
    runner = interpreter.get_signature_runner()
    assert list(runner.get_output_details()) == NAMES
    (image,) = interpreter.get_input_details()
    assert image["dtype"] == np.uint8
    assert list(image["shape"]) == [1, 64, 96, 3]
    assert list(image["shape_signature"]) == [1, -1, -1, 3]


def test_outputs_by_index_are_the_outputs_by_name(path):
    image = textured_image(64, 96)[np.newaxis]
    interpreter = tf.lite.Interpreter(path)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
    interpreter.invoke()
    by_index = [
        interpreter.get_tensor(entry["index"]) for entry in interpreter.get_output_details()
    ]
    by_name = tf.lite.Interpreter(path).get_signature_runner()(image=image)
    for name, values in zip(NAMES, by_index):
        np.testing.assert_allclose(values, by_name[name], atol=1e-4)


def test_labels_and_metadata_are_inside_and_beside(path, trained):
    name = path[: -len(".tflite")]
    with open(f"{name}.labels.json", encoding="utf-8") as stream:
        labels = json.load(stream)
    assert labels == [{"id": c.id, "name": c.name} for c in trained.categories]
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read("labels.json")) == labels
    with open(f"{name}.json", encoding="utf-8") as stream:
        description = json.load(stream)
    assert description["kind"] == "tflite" and description["step"] == 12
    assert description["check"]["box_px"] <= 0.1
    assert sorted(os.listdir(os.path.dirname(path))) == [
        "tiny.export_report.json",
        "tiny.json",
        "tiny.labels.json",
        "tiny.md",
        "tiny.tflite",
    ]


def test_options_cut_the_list(trained, tmp_path):
    best = KerasPredictor(trained).predict(textured_image(64, 96))
    options = ExportOptions(max_detections=9, score_threshold=float(best.scores[4]) - 1e-4)
    path = export_tflite(trained, str(tmp_path / "tiny.tflite"), options)
    found = TFLitePredictor(path).predict(textured_image(64, 96))
    assert 5 <= found.count <= 9
    np.testing.assert_allclose(found.boxes[:5], best.boxes[:5], atol=0.1)


def test_foreign_files_are_not_written_over(trained, tmp_path):
    (tmp_path / "labels.json").write_text('[{"id": 1, "name": "a"}]')
    with pytest.raises(UserError, match="labels.tflite would write over .*/labels.json, which"):
        export_tflite(trained, str(tmp_path / "labels.tflite"))
    assert (tmp_path / "labels.json").read_text() == '[{"id": 1, "name": "a"}]'
    assert os.listdir(tmp_path) == ["labels.json"]


def test_its_own_files_are_replaced(path):
    companion_files.refuse_foreign(path[: -len(".tflite")])


@pytest.mark.usefixtures("converted_before")
def test_a_refused_export_leaves_nothing(trained, tmp_path, monkeypatch):
    bad = Difference(box_px=3.5, score=0.25, num_images=4, num_detections=9)
    monkeypatch.setattr(tflite, "check_tflite", lambda *_: bad)
    with pytest.raises(UserError, match="3.5 px in boxes .* it was not kept"):
        export_tflite(trained, str(tmp_path / "new" / "tiny.tflite"))
    assert os.listdir(tmp_path) == []


@pytest.mark.usefixtures("converted_before")
def test_a_refused_export_leaves_the_old_file(trained, tmp_path, monkeypatch):
    (tmp_path / "tiny.tflite").write_text("old")
    monkeypatch.setattr(tflite, "check_tflite", lambda *_: Difference(9.0, 0.0, 1, 1))
    with pytest.raises(UserError):
        export_tflite(trained, str(tmp_path / "tiny.tflite"))
    assert (tmp_path / "tiny.tflite").read_text() == "old"
    assert os.listdir(tmp_path) == ["tiny.tflite"]


def test_a_foreign_operation_is_one_sentence(trained, tmp_path, monkeypatch, capfd):
    decode = trained.detector.decode

    def decode_with_bessel(outputs):
        return decode({**outputs, "size": tf.math.bessel_i0(outputs["size"])})

    monkeypatch.setattr(trained.detector, "decode", decode_with_bessel)
    with pytest.raises(UserError, match="built-in operations alone: .* ops: BesselI0"):
        export_tflite(trained, str(tmp_path / "tiny.tflite"))
    assert os.listdir(tmp_path) == []
    assert "BesselI0" not in capfd.readouterr().err


def test_the_converter_is_not_heard(exported):
    assert exported[1] == b""


@pytest.mark.parametrize("name", ["model", "model.lite", "model.tflite.zip"])
def test_wrong_ending_is_one_sentence(trained, tmp_path, name):
    with pytest.raises(UserError, match="is a file NAME.tflite; got"):
        export_tflite(trained, str(tmp_path / name))


def test_a_folder_of_that_name_is_one_sentence(trained, tmp_path):
    (tmp_path / "model.tflite").mkdir()
    with pytest.raises(UserError, match="it is a folder"):
        export_tflite(trained, str(tmp_path / "model.tflite"))
