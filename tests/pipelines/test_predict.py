"""The programs export and predict as a person runs them."""

import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from centernet_tf.errors import UserError
from centernet_tf.export.job import run_export
from centernet_tf.export.predictor import load_predictor
from centernet_tf.training.model_dir import load_trained, write_description
from tests.export.tiny_detector import make_trained, textured_image

ROOT = os.path.normpath(os.path.join(os.path.dirname(__file__), "../.."))


def run(program, *arguments, cwd=ROOT):
    environment = {**os.environ, "PYTHONPATH": ROOT}
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    return subprocess.run(
        [sys.executable, "-m", f"pipelines.{program}", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
    )


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory):
    trained = make_trained()
    folder = str(tmp_path_factory.mktemp("model"))
    write_description(folder, trained.config, trained.categories)
    step = tf.Variable(12, dtype=tf.int64)
    checkpoint = tf.train.Checkpoint(network=trained.network, step=step)
    tf.train.CheckpointManager(checkpoint, f"{folder}/checkpoints", 1).save()
    return folder


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(textured_image(70, 120)).save(folder / "a.jpg")
    Image.fromarray(textured_image(90, 60, 1)).save(folder / "b.png")
    Image.fromarray(textured_image(50, 50, 2)[..., 0]).save(folder / "grey.JPG", "JPEG")
    (folder / "notes.txt").write_text("no image")
    return folder


def read(folder):
    with open(folder / "predictions.json", encoding="utf-8") as stream:
        return json.load(stream)


def test_export_then_predict_with_every_form(model_dir, photos, tmp_path):
    served, lite = str(tmp_path / "served"), str(tmp_path / "tiny.tflite")
    for arguments in (["--output", served], ["--format=tflite", "--output", lite]):
        done = run("export", f"--model_dir={model_dir}", *arguments)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        *table, said = done.stdout.splitlines()
        assert re.search(
            r"compared with the trained network on \d+ detections in \d+ drawn images", said
        )
        # A TFLite file brings a table of its size, its speed and its differences.
        assert bool(table) == ("--format=tflite" in arguments)
        differences = (
            r"largest difference +[\d.e-]+ px, [\d.e-]+ score"
            if table
            else r"boxes agree within [\d.e-]+ px, scores within [\d.e-]+\.$"
        )
        assert re.search(differences, "\n".join([*table, said]))
    documents = []
    for index, model in enumerate((model_dir, served, lite)):
        output = tmp_path / f"found{index}"
        done = run("predict", f"--model={model}", f"--images={photos}", f"--output_dir={output}")
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        assert str(output / "predictions.json") in done.stdout.splitlines()[-1]
        assert sorted(os.listdir(output / "drawn")) == ["a.jpg", "b.png", "grey.jpg"]
        documents.append(read(output))
    assert [image["file_name"] for image in documents[0]["images"]] == [
        str(photos / name) for name in ("a.jpg", "b.png", "grey.JPG")
    ]
    assert (documents[0]["images"][0]["width"], documents[0]["images"][0]["height"]) == (120, 70)
    for document in documents[1:]:
        assert len(document["annotations"]) == len(documents[0]["annotations"]) > 10
        for one, other in zip(documents[0]["annotations"], document["annotations"]):
            assert one["score"] >= 0.3 and one["category_id"] in (3, 7, 11)
            np.testing.assert_allclose(one["score"], other["score"], atol=1e-3)


def test_the_best_checkpoint_is_used_where_it_is_asked_for(model_dir, tmp_path):
    folder = shutil.copytree(model_dir, tmp_path / "model")
    with pytest.raises(UserError, match="--checkpoint=newest"):
        load_predictor(str(folder), "best")
    trained = load_trained(str(folder))
    for variable in trained.network.trainable_variables:
        variable.assign(variable * 0.5)
    step = tf.Variable(7, dtype=tf.int64)
    checkpoint = tf.train.Checkpoint(network=trained.network, step=step)
    tf.train.CheckpointManager(checkpoint, str(folder / "best"), 1).save()
    assert load_trained(str(folder), "best").step == 7
    image = textured_image(70, 120)
    newest, best = (load_predictor(str(folder), name).predict(image) for name in ("newest", "best"))
    assert newest.scores.max() != best.scores.max()
    assert "Exported step 7 to " in run_export(
        str(folder), "saved_model", str(tmp_path / "serving"), checkpoint="best"
    )


def test_a_checkpoint_that_was_cut_is_one_sentence(model_dir, tmp_path):
    folder = shutil.copytree(model_dir, tmp_path / "model")
    (data,) = (folder / "checkpoints").glob("*.data-*")
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    with pytest.raises(UserError, match="cannot be read .* newest whole checkpoint"):
        load_trained(str(folder))
    (index,) = (folder / "checkpoints").glob("*.index")
    index.write_bytes(b"no table")
    with pytest.raises(UserError, match="cannot be read .* newest whole checkpoint"):
        load_trained(str(folder))


def test_an_unreadable_image_is_one_sentence_and_nothing_is_written(model_dir, photos, tmp_path):
    (photos / "broken.jpg").write_bytes((photos / "a.jpg").read_bytes()[:300])
    arguments = [f"--model={model_dir}", f"--images={photos}", f"--output_dir={tmp_path / 'out'}"]
    done = run("predict", *arguments)
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("error: Cannot read the image")
    assert "broken.jpg" in sentence and "--skip_unreadable" in sentence
    assert "object at 0x" not in sentence
    assert os.listdir(tmp_path) == ["photos"]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["predict", "--images=x.jpg", "--output_dir=out"], "--model is missing"),
        (["predict", "--model=m", "--output_dir=out"], "--images is missing"),
        (["predict", "--model=.", "--images=no.jpg", "--output_dir=out"], "No file fits .*no.jpg"),
        (["predict", "--model=m", "--images=.", "--output_dir=out"], "no file or folder 'm'"),
        (
            ["predict", "--model=.", "--checkpoint=best", "--images=.", "--output_dir=out"],
            r"--checkpoint has no effect with --model=\., which is no model directory",
        ),
        (["predict", "--modle=m"], "Did you mean '--model'"),
        (["export", "--model_dir=nowhere", "--output=out"], "no file or folder 'nowhere'"),
        (["export", "--model_dir=.", "--output=out"], r"\. is no model directory"),
        (["export", "--model_dir=m", "--format=onnx", "--output=out"], "format"),
        (
            ["export", "--model_dir=.", "--output=out", "--tflite_variant=int8"],
            "--tflite_variant has no effect with --format=saved_model",
        ),
        (
            ["export", "--model_dir=.", "--output=o.tflite", "--format=tflite", "--raw_maps"],
            "--raw_maps has no effect with --format=tflite",
        ),
        (["export", "--model_dir=.", "--output=o.tflite"], "o.tflite the name of a TFLite file"),
        (["export", "--model_dir=m", "--output=o", "--score_threshold=2"], "score_threshold"),
    ],
)
def test_wrong_input_is_one_sentence(arguments, words, tmp_path):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ") and "Traceback" not in done.stderr
    assert re.search(words, done.stderr)
    assert os.listdir(tmp_path) == []
