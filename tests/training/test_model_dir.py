"""A model directory that is not what it should be is told in one sentence."""

import pytest

from centernet_tf.config import load_config
from centernet_tf.data.annotations import Category
from centernet_tf.errors import UserError
from centernet_tf.training.model_dir import read_config, read_labels, write_description

CELLS = (Category(3, "disc"), Category(7, "cell"))


def test_what_was_written_is_read_back(tmp_path):
    config = load_config([], ["train.epochs=3"])
    model_dir = str(tmp_path / "deep" / "model")
    write_description(model_dir, config, CELLS)
    assert read_config(model_dir).as_dict() == config.as_dict()
    assert read_labels(model_dir) == CELLS


def test_no_model_directory_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(UserError, match="it has no params.yaml. Train a detector first") as caught:
        read_config(str(tmp_path))
    assert f"--model_dir={tmp_path} --config_file=..." in str(caught.value)
    with pytest.raises(UserError, match="is no model directory: there is no such folder"):
        read_config(str(tmp_path / "nowhere"))


def test_other_classes_are_named_by_their_first_difference(tmp_path):
    config = load_config([])
    write_description(str(tmp_path), config, CELLS)
    with pytest.raises(UserError, match="number 1 is 'cell' in the run and 'wall' in the data set"):
        write_description(str(tmp_path), config, (CELLS[0], Category(7, "wall")))
    with pytest.raises(UserError, match="than the data set has: 2 classes and 1; choose another"):
        write_description(str(tmp_path), config, CELLS[:1])


@pytest.mark.parametrize(
    "override, words",
    [
        ("train.ema_decay=0.9", "train.ema_decay = off, and now it is on"),
        ("train.optimizer.name=sgd", "train.optimizer.name = adam, and now it is sgd"),
        ("runtime.precision=float16", "precision = float32 or bfloat16, and now it is float16"),
        ("train.freeze_batch_norm=true", "train.freeze_batch_norm = False, and now it is True"),
    ],
)
def test_settings_that_shape_a_checkpoint_stay(tmp_path, override, words):
    write_description(str(tmp_path), load_config([]), CELLS)
    with pytest.raises(UserError, match=words):
        write_description(str(tmp_path), load_config([], [override]), CELLS)
    harmless = ["runtime.precision=bfloat16,train.epochs=200,train.accumulation_steps=4"]
    write_description(str(tmp_path), load_config([], harmless), CELLS)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="Cannot write to the model directory .*file: File exists."):
        write_description(str(tmp_path / "file"), load_config([]), CELLS)


def test_damaged_labels(tmp_path):
    with pytest.raises(UserError, match=r"labels.json: No such file or directory\.$"):
        read_labels(str(tmp_path))
    (tmp_path / "labels.json").write_text('["disc"]')
    with pytest.raises(UserError, match="must be a list of objects with id and name"):
        read_labels(str(tmp_path))
