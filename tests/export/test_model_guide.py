"""The guide beside a TFLite file: its code runs, and names what the file has."""

import importlib.util
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from centernet_tf.export.model_guide import model_guide
from centernet_tf.export.tflite_predictor import TFLitePredictor, read_tflite
from tests.export.tiny_detector import textured_image


def guide_of(path):
    with open(path.replace(".tflite", ".md"), encoding="utf-8") as stream:
        return stream.read()


def code(guide, language):
    (source,) = re.findall(rf"```{language}\n(.*?)```", guide, re.S)
    return source


def imported(source, folder):
    script = folder / "snippet.py"
    script.write_text(source, encoding="utf-8")
    specification = importlib.util.spec_from_file_location("snippet", script)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["int8", "raw"])
def test_the_guides_python_finds_what_the_file_finds(
    tflite_paths, name, tmp_path, monkeypatch, trained
):
    monkeypatch.chdir(os.path.dirname(tflite_paths[name]))
    module = imported(code(guide_of(tflite_paths[name]), "python"), tmp_path)
    run, names, *labels = module.load()
    image = textured_image(64, 96, seed=2)
    boxes, scores, ids = module.detect(run, *labels, Image.fromarray(image))
    # The interpreter that the guide prefers; the two round int8 a little differently.
    newer = importlib.util.find_spec("ai_edge_litert")
    expected = TFLitePredictor(tflite_paths[name], "litert" if newer else "tensorflow").predict(
        image
    )
    np.testing.assert_allclose(scores, expected.scores, atol=1e-3)
    np.testing.assert_allclose(boxes, expected.boxes, atol=0.1)
    categories = [trained.categories[index] for index in expected.classes]
    assert [names[int(each)] for each in ids] == [category.name for category in categories]


@pytest.mark.parametrize("name", ["int8", "raw"])
def test_the_guides_python_reads_what_tensorflow_reads(tflite_paths, name, tmp_path, rng):
    module = imported(code(guide_of(tflite_paths[name]), "python"), tmp_path)
    values = rng.integers(0, 2**16, [5, 7], np.uint16)
    Image.fromarray(values).save(tmp_path / "deep.png")
    expected = tf.io.decode_image((tmp_path / "deep.png").read_bytes(), 3)
    np.testing.assert_array_equal(np.asarray(module.read(tmp_path / "deep.png")), expected)
    exif = Image.Exif()
    exif[0x112] = 6
    Image.new("LA", (7, 5)).save(tmp_path / "turned.png", exif=exif)
    assert np.asarray(module.read(tmp_path / "turned.png")).shape == (7, 5, 3)


def test_the_guides_python_says_how_to_call_it(tflite_paths, tmp_path):
    script = tmp_path / "detect.py"
    script.write_text(code(guide_of(tflite_paths["int8"]), "python"), encoding="utf-8")
    found = subprocess.run(
        [sys.executable, str(script)],
        cwd=os.path.dirname(tflite_paths["int8"]),
        capture_output=True,
        text=True,
    )
    assert found.returncode == 1 and found.stdout == ""
    assert found.stderr.splitlines()[-1] == f"Usage: python {script} PHOTO"


@pytest.mark.parametrize("name", ["int8", "raw"])
def test_the_guide_names_the_tensors_of_the_file(tflite_paths, name):
    guide = guide_of(tflite_paths[name])
    assert "$" not in guide.replace("```", "")
    signature = tf.lite.Interpreter(tflite_paths[name]).get_signature_list()["serving_default"]
    kotlin = code(guide, "kotlin")
    for tensor in signature["inputs"] + signature["outputs"]:
        assert f"`{tensor}`" in guide and f'"{tensor}"' in kotlin
    assert f"{name}.tflite" in kotlin
    # The artifact is LiteRT's, the package in its version 1 still TensorFlow Lite's.
    assert "com.google.ai.edge.litert:litert:1." in guide
    assert "import org.tensorflow.lite.Interpreter\n" in kotlin
    assert kotlin.count("{") == kotlin.count("}") and kotlin.count("(") == kotlin.count(")")


@pytest.mark.parametrize("name", ["int8", "raw"])
def test_any_file_name_is_a_string_of_the_code(tflite_paths, name, tmp_path):
    file, awkward = read_tflite(tflite_paths[name]), 'a "5$" \\cell zélé 🔬.tflite'
    with open(tflite_paths[name].replace(".tflite", ".export_report.json")) as stream:
        guide = model_guide(file.model, file.metadata, json.load(stream), awkward)
    assert imported(code(guide, "python"), tmp_path).load.__defaults__ == (awkward,)
    kotlin = code(guide, "kotlin")
    assert r'openFd("a \"5\$\" \\cell zélé 🔬.tflite")' in kotlin
    # Nothing else has a dollar sign, which would be a variable.
    assert kotlin.count("$") == 1


def test_without_a_threshold_kotlin_leaves_out_what_the_python_decoder_does(tflite_paths):
    kotlin = code(guide_of(tflite_paths["raw"]), "kotlin")
    assert "peaks.get(it) > 0 && peaks.get(it) >= maxOf(threshold, 0.0.toFloat())" in kotlin


def test_says_what_was_chosen_at_export(tflite_paths):
    file = read_tflite(tflite_paths["int8"])
    with open(tflite_paths["int8"].replace(".tflite", ".export_report.json")) as stream:
        report = json.load(stream)

    def first_lines(**options):
        description = {**file.metadata, "options": {**file.metadata["options"], **options}}
        return model_guide(file.model, description, report, "a.tflite").split("\n\n")[1]

    assert "head full; at most 30 detections an image. Written" in first_lines().replace("\n", " ")
    chosen = first_lines(flip_test=True, nms_iou=0.5, model_name="of a SavedModel")
    assert "30 detections an image, flip_test=true, nms_iou=0.5. Written" in chosen.replace(
        "\n", " "
    )
