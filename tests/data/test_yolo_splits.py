"""What data.yaml and --split say of YOLO's splits, and what can be wrong with that."""

import os

import pytest

from centernet_tf.data.sources import yolo_splits
from centernet_tf.errors import UserError
from tests.data.yolo_folder import GOOD, write_folder, write_yaml


@pytest.mark.parametrize(
    "text",
    [
        "train: images/train",
        "path: set\ntrain: ../images/train",
        "path: {root}\ntrain: images/train",
        "path: ../datasets/nowhere\ntrain: ./images/train",
        "train: ../images/train",
        "train: {root}/images/train",
        "train: list.txt",
    ],
)
def test_folders_of_data_yaml(tmp_path, text):
    write_folder(tmp_path, [GOOD])
    (tmp_path / "set").mkdir()
    (tmp_path / "list.txt").write_text("images/train/0.jpg")
    (split,) = yolo_splits([], write_yaml(tmp_path, text.format(root=tmp_path)))
    (image,) = split.images
    assert split.name == "train" and len(image.boxes) == 1


def test_a_test_split_that_data_yaml_names_and_nobody_wrote_is_told_and_left_out(tmp_path, capsys):
    write_folder(tmp_path, [GOOD])
    path = write_yaml(tmp_path, "train: images/train\ntest: ../test/images")
    assert [split.name for split in yolo_splits([], path)] == ["train"]
    assert (
        f"test/images', the 'test' in '{path}', is not there; going on" in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    "flags, text, sentence",
    [
        ([], "", "needs at least one --split=NAME"),
        ([], "test: gone", "needs at least one --split=NAME"),
        ([], "train: images/train\nval: gone", "split 'val' .*gone': there is no such file"),
        ([], "train: [a, b]", "must be one folder or one list of images; found .'a', 'b'"),
        ([], "train: gone", "images of split 'train' .*gone': there is no such file"),
        (["train"], "", "--split=train is not of the form"),
        ([":a"], "", "is not of the form"),
        (["train:gone"], "", "there is no such file"),
        (["train:labels"], "", "'labels' holds no images"),
        (["train:images:gone"], "", "label folder 'gone' of split 'train' does not exist"),
        (["train:images/train/0.jpg"], "", "must be a folder or a text file"),
        (["train:pipe"], "", "must be a folder or a text file"),
    ],
)
@pytest.mark.timeout(20)
def test_wrong_flags_are_one_sentence(tmp_path, monkeypatch, flags, text, sentence):
    write_folder(tmp_path, [GOOD])
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=sentence):
        yolo_splits(flags, write_yaml(tmp_path, text))


def test_names_are_needed():
    with pytest.raises(UserError, match="--format=yolo needs --labels_file"):
        yolo_splits(["train:images"], "")
