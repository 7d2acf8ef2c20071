"""Every form of a detector through one interface."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.errors import UserError
from centernet_tf.export.comparison import compare
from centernet_tf.export.predictor import load_predictor
from centernet_tf.export.saved_model import export_saved_model
from centernet_tf.export.tflite import export_tflite
from centernet_tf.training.model_dir import load_trained, write_description
from tests.export.tiny_detector import textured_image


@pytest.fixture(scope="module")
def forms(trained, tmp_path_factory):
    """Paths of one detector as a model directory, a SavedModel and a TFLite file."""
    folder = tmp_path_factory.mktemp("forms")
    model_dir = str(folder / "model")
    write_description(model_dir, trained.config, trained.categories)
    step = tf.Variable(12, dtype=tf.int64)
    checkpoint = tf.train.Checkpoint(network=trained.network, step=step)
    tf.train.CheckpointManager(checkpoint, f"{model_dir}/checkpoints", 1).save()
    loaded = load_trained(model_dir)
    return {
        "model_dir": model_dir,
        "version": export_saved_model(loaded, str(folder / "served")),
        "versions": str(folder / "served"),
        "tflite": export_tflite(loaded, str(folder / "tiny.tflite")),
    }


def test_all_forms_agree(forms):
    images = [textured_image(*size) for size in ((64, 96), (120, 80), (33, 170))]
    predictors = {name: load_predictor(path) for name, path in forms.items()}
    expected = [predictors["model_dir"].predict(image) for image in images]
    for predictor in predictors.values():
        found = [predictor.predict(image) for image in images]
        assert compare(expected, found).is_tolerable
        assert predictor.categories == predictors["model_dir"].categories
        for detections in found:
            assert detections.boxes.shape == (detections.count, 4)
            assert detections.boxes.dtype == detections.scores.dtype == np.float32
            assert detections.classes.dtype == np.int32
            assert (np.diff(detections.scores) <= 0).all()


def test_the_highest_version_is_taken(forms, tmp_path):
    for version in ("2", "0010"):
        (tmp_path / version).mkdir()
    with pytest.raises(UserError, match="0010 has no readable assets/labels.json"):
        load_predictor(str(tmp_path))


def test_a_missing_path_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="There is no file or folder .*nothing"):
        load_predictor(str(tmp_path / "nothing"))


def test_a_folder_that_is_neither_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="neither a model directory .* nor a SavedModel"):
        load_predictor(str(tmp_path))


def test_a_file_that_is_no_tflite_is_one_sentence(tmp_path, forms):
    path = tmp_path / "picture.tflite"
    path.write_bytes(b"\x89PNG and more")
    with pytest.raises(UserError, match="is no TFLite file"):
        load_predictor(str(path))
    with pytest.raises(UserError, match="Give the folder"):
        load_predictor(f"{forms['version']}/saved_model.pb")


@pytest.mark.parametrize("damage", ["truncated", "flipped"])
def test_a_damaged_tflite_is_one_sentence(tmp_path, forms, damage):
    with open(forms["tflite"], "rb") as stream:
        content = bytearray(stream.read())
    if damage == "truncated":
        content = content[: len(content) // 2]
    else:
        content[len(content) // 2] ^= 255
    path = tmp_path / "damaged.tflite"
    path.write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        load_predictor(str(path))


def test_a_damaged_saved_model_is_one_sentence(tmp_path, forms):
    folder = tmp_path / "1"
    (folder / "assets").mkdir(parents=True)
    (folder / "assets" / "labels.json").write_text('[{"id": 1, "name": "a"}]')
    (folder / "saved_model.pb").write_bytes(b"not a SavedModel")
    with pytest.raises(UserError, match=r"Cannot load the SavedModel .*[^.]; copy or export it"):
        load_predictor(str(tmp_path))


def test_a_saved_model_without_our_signature_is_one_sentence(tmp_path):
    tf.saved_model.save(tf.Module(), str(tmp_path))
    (tmp_path / "assets" / "labels.json").write_text('[{"id": 1, "name": "a"}]')
    with pytest.raises(UserError, match="it has no signature 'image_tensor'; copy or export it"):
        load_predictor(str(tmp_path))
