"""Lists of images in ImageSets/Main, and what can be wrong with them."""

import os

import pytest

from centernet_tf.data.voc_lists import list_path, read_list
from centernet_tf.errors import UserError


def write_list(root, text, name="train"):
    folder = root / "ImageSets" / "Main"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_text(text)
    return str(root)


def test_lines_are_sorted(tmp_path):
    root = write_list(tmp_path, "\ufeffb 1\r\n\n a\n")
    assert read_list(root, "train") == ["a", "b 1"]
    assert list_path(root, "train") == os.path.join(root, "ImageSets/Main/train.txt")
    assert list_path(root, "val") == list_path(root, "../Main/train") == ""


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(UserError, match="needs a list .*Main/train.txt'; there are no lists in it"):
        read_list(str(tmp_path), "train")
    root = write_list(tmp_path, "", "empty")
    with pytest.raises(UserError, match="empty.txt' is empty, so split 'empty' would be"):
        read_list(root, "empty")
    with pytest.raises(UserError, match="the lists there are: empty. Did you mean 'empty'"):
        read_list(root, "emty")


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    root = write_list(tmp_path, "0")
    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(UserError, match="the folder '.*ImageSets/Main': Permission denied"):
        read_list(root, "val")
