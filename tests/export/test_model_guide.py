"""The guide beside a TFLite file: its code runs, and names what the file has."""

import importlib.util
import os
import re

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from centernet_tf.export.tflite_predictor import TFLitePredictor
from tests.export.tiny_detector import textured_image


@pytest.mark.parametrize("name", ["int8", "raw"])
def test_the_guides_python_finds_what_the_file_finds(
    tflite_paths, name, tmp_path, monkeypatch, trained
):
    with open(tflite_paths[name].replace(".tflite", ".md"), encoding="utf-8") as stream:
        guide = stream.read()
    (source,) = re.findall(r"```python\n(.*?)```", guide, re.S)
    script = tmp_path / "snippet.py"
    script.write_text(source)
    specification = importlib.util.spec_from_file_location("snippet", script)
    module = importlib.util.module_from_spec(specification)
    monkeypatch.chdir(os.path.dirname(tflite_paths[name]))
    specification.loader.exec_module(module)
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
def test_the_guide_names_the_tensors_of_the_file(tflite_paths, name):
    with open(tflite_paths[name].replace(".tflite", ".md"), encoding="utf-8") as stream:
        guide = stream.read()
    assert "$" not in guide.replace("```", "")
    signature = tf.lite.Interpreter(tflite_paths[name]).get_signature_list()["serving_default"]
    (kotlin,) = re.findall(r"```kotlin\n(.*?)```", guide, re.S)
    for tensor in signature["inputs"] + signature["outputs"]:
        assert f"`{tensor}`" in guide and f'"{tensor}"' in kotlin
    assert f"{name}.tflite" in kotlin
    # The artifact is LiteRT's, the package in its version 1 still TensorFlow Lite's.
    assert "com.google.ai.edge.litert:litert:1." in guide
    assert "import org.tensorflow.lite.Interpreter\n" in kotlin
    assert kotlin.count("{") == kotlin.count("}") and kotlin.count("(") == kotlin.count(")")
