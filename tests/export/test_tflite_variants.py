"""Heads and precisions of TFLite files, and the report beside them."""

import json
import os

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.data.manifest import load_manifest
from centernet_tf.errors import UserError
from centernet_tf.export import tflite, tflite_check
from centernet_tf.export.comparison import Tolerance, compare
from centernet_tf.export.image_detector import ImageDetector
from centernet_tf.export.interpreters import make_interpreter
from centernet_tf.export.keras_predictor import KerasPredictor
from centernet_tf.export.options import DEFAULT_OPTIONS, ExportOptions
from centernet_tf.export.raw_decoder import letterbox
from centernet_tf.export.split_score import score_export
from centernet_tf.export.tflite import export_tflite
from centernet_tf.export.tflite_convert import convert
from centernet_tf.export.tflite_graphs import graph_parts
from centernet_tf.export.tflite_options import TFLiteOptions
from centernet_tf.export.tflite_predictor import TFLitePredictor, read_tflite
from tests.export.tiny_detector import make_trained, textured_image
from tests.export.tiny_records import with_records


def report_of(path):
    with open(path.replace(".tflite", ".export_report.json"), encoding="utf-8") as stream:
        return json.load(stream)


def test_the_raw_head_finds_what_the_full_one_finds(tflite_paths, trained):
    images = [textured_image(64, 96, seed) for seed in range(4)]
    expected = [KerasPredictor(trained).predict(image) for image in images]
    found = [TFLitePredictor(tflite_paths["raw"]).predict(image) for image in images]
    assert compare(expected, found).is_tolerable
    assert all(detections.count > 10 for detections in found)


@pytest.mark.parametrize(
    "settings, options, words",
    [
        ("box_nms: 0.5", {}, "suppresses no boxes"),
        ("max_detections: 30", {"nms_iou": 0.5}, "suppresses no boxes"),
        ("cat_spec_wh: true", {}, "one size a cell, and model.options.cat_spec_wh one a class"),
        ("offset: none", {}, "with the maps heatmap, size and offset; this is .* heatmap, size"),
    ],
)
def test_what_the_raw_head_cannot_do_is_refused(settings, options, words):
    trained = make_trained(options=settings)
    with pytest.raises(UserError, match=words):
        graph_parts(trained, ExportOptions(**options), TFLiteOptions(head="raw"))


def test_the_raw_head_takes_images_of_other_sizes(tflite_paths, trained):
    expected, found = [], []
    for size in ((120, 80), (33, 170)):
        image = textured_image(*size)
        letterboxed, (scale, *shift) = letterbox(image, (64, 96))
        seen = KerasPredictor(trained).predict(letterboxed[0])
        expected.append(seen._replace(boxes=np.float32((seen.boxes - 2 * shift) / scale)))
        found.append(TFLitePredictor(tflite_paths["raw"]).predict(image))
    assert compare(expected, found).is_tolerable


def test_the_raw_head_leaves_delegates_all_but_the_reading_of_the_image(tflite_paths):
    refused = {
        entry["operation"]
        for entry in report_of(tflite_paths["raw"])["operations"]
        if not (entry["xnnpack"] and entry["gpu"])
    }
    assert refused <= {"CAST", "REVERSE_V2"}


def test_half_precision_stores_half(tflite_paths, trained):
    model = convert(trained, DEFAULT_OPTIONS, TFLiteOptions("float16", "raw"))
    assert len(model) < 0.6 * len(read_tflite(tflite_paths["raw"]).model)
    one, other = (
        make_interpreter(each, 1).get_signature_runner()(image=textured_image(64, 96)[None])
        for each in (model, read_tflite(tflite_paths["raw"]).model)
    )
    for name in ("size", "offset"):
        np.testing.assert_allclose(one[name], other[name], atol=0.1)
        assert not np.array_equal(one[name], other[name])


def test_scores_an_export_from_the_command_line(tflite_paths, learned, tmp_path, capsys):
    manifest = load_manifest(learned.config.data.path)
    metrics = score_export(tflite_paths["int8"], manifest, "val", str(tmp_path / "scores"))
    assert metrics["AP50"] == pytest.approx(
        report_of(tflite_paths["int8"])["scores"]["tflite"]["AP50"]
    )
    assert sorted(os.listdir(tmp_path / "scores")) == ["detections.json", "metrics.json"]
    assert "6 images of 'val' through" in capsys.readouterr().out


def test_int8_computes_with_int8_and_reports_it(tflite_paths):
    report = report_of(tflite_paths["int8"])
    kinds = {(entry["operation"], entry["type"]) for entry in report["operations"]}
    assert {("CONV_2D", "int8"), ("ADD", "int8"), ("TOPK_V2", "float32")} <= kinds
    assert not {name for name, kind in kinds if kind == "int8"} & {"GATHER", "MUL", "TOPK_V2"}
    assert report["scores"]["images"] == 6
    # Objects are the detector's own best detections, but those of six images only.
    scores = {name: report["scores"][name]["AP50"] for name in ("keras", "tflite")}
    assert scores["keras"] > 0.1 and scores["tflite"] > 0.4 * scores["keras"]
    assert list(report["latency_ms"]) == ["1", "2", "4"]
    assert report["size_bytes"] == len(read_tflite(tflite_paths["int8"]).model)


def test_int8_of_a_flat_image_finds_no_more_than_float32(tflite_paths, trained):
    image = np.full([64, 96, 3], 127, np.uint8)
    expected = KerasPredictor(trained).predict(image)
    found = TFLitePredictor(tflite_paths["int8"]).predict(image)
    assert (found.scores > 0.05).sum() <= (expected.scores > 0.05).sum() + 3


def test_int8_with_the_flip_test_has_the_networks_merged_maps(learned):
    options, image = ExportOptions(flip_test=True), textured_image(64, 96)[np.newaxis]
    model = convert(learned, options, TFLiteOptions("int8", "raw"))
    found = make_interpreter(model, 1).get_signature_runner()(image=image)
    letterboxed = tf.constant(image, tf.float32)
    merged, plain = (
        ImageDetector(learned, each).maps(letterboxed)["size"].numpy()
        for each in (options, DEFAULT_OPTIONS)
    )
    bound = 0.1 * merged.std()
    assert np.abs(found["size"] - merged).mean() < bound < np.abs(plain - merged).mean()


@pytest.mark.parametrize("name", ["int8", "raw"])
def test_the_newer_interpreter_finds_the_same(tflite_paths, name):
    pytest.importorskip("ai_edge_litert.interpreter")
    image = textured_image(64, 96, seed=4)
    one = TFLitePredictor(tflite_paths[name]).predict(image)
    other = TFLitePredictor(tflite_paths[name], library="litert").predict(image)
    tolerance = Tolerance(2.0, 0.05, 0.3) if name == "int8" else Tolerance(0.1, 1e-3)
    assert compare([one], [other], tolerance).is_within(tolerance)


def test_a_file_that_scores_too_low_leaves_nothing(learned, tflite_paths, tmp_path, monkeypatch):
    model = read_tflite(tflite_paths["int8"]).model
    low = {"images": 6, "split": "val", "keras": {"AP50": 0.9}, "tflite": {"AP50": 0.8}}
    monkeypatch.setattr(tflite, "convert", lambda *_: model)
    monkeypatch.setattr(tflite, "score_both", lambda *_: low)
    with pytest.raises(
        UserError, match="AP50 0.8000 on 6 .* 'val'.* 0.9000: 0.1 less, and at most 0.01"
    ):
        export_tflite(
            learned, str(tmp_path / "x.tflite"), DEFAULT_OPTIONS, TFLiteOptions(variant="int8")
        )
    assert os.listdir(tmp_path) == []


def test_int8_without_the_data_set_is_one_sentence(trained, tmp_path):
    with pytest.raises(UserError, match="but the data set is not here: .*no/data/here.*--data_dir"):
        export_tflite(
            trained, str(tmp_path / "x.tflite"), DEFAULT_OPTIONS, TFLiteOptions(variant="int8")
        )
    with pytest.raises(UserError, match="kept by its AP, but the data set"):
        tflite_check.score_both(None, "", trained.config.data, TFLiteOptions("dynamic_int8"))


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ({"variant": "int4"}, "tflite_variant must be one of .*; got 'int4'.*int8"),
        ({"head": "rwa"}, "tflite_head must be one of full, raw; got 'rwa'"),
        ({"check_images": 0}, "tflite_check_images must be at least 1"),
        ({"max_ap_drop": 2.0}, "tflite_max_ap_drop must be 0 to 1"),
    ],
)
def test_wrong_options_are_one_sentence(arguments, sentence):
    with pytest.raises(UserError, match=sentence):
        TFLiteOptions(**arguments)


@pytest.mark.slow
def test_int8_of_a_deformable_network(tmp_path):
    trained = make_trained("mmdet_resnet18_dcn", input_size=(96, 160))
    for layer in trained.network.layers:
        if hasattr(layer, "offset_kernel"):
            # Random offsets of many pixels make chaos, in which any rounding changes everything.
            layer.offset_kernel.assign(layer.offset_kernel * 0.1)
    os.makedirs(tmp_path / "records")
    learned = with_records(trained, str(tmp_path / "records"))
    options = TFLiteOptions(variant="int8", max_ap_drop=0.5)
    path = export_tflite(learned, str(tmp_path / "tiny.tflite"), DEFAULT_OPTIONS, options)
    kinds = {(entry["operation"], entry["type"]) for entry in report_of(path)["operations"]}
    assert {("CONV_2D", "int8"), ("GATHER", "float32"), ("FLOOR", "float32")} <= kinds
