"""Images that lists name without an extension."""

import os

import pytest

from centernet_tf.data.voc_images import VocImages
from centernet_tf.errors import UserError


def write_files(root, *names):
    for name in names:
        path = root / "JPEGImages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return VocImages(str(root))


def test_extensions_are_of_any_case(tmp_path):
    images = write_files(tmp_path, "a.Jpg", "b.TIFF", "c.WebP", "sub/d.e.PNG", "f.txt")
    found = [images.find(name) for name in ("a", "b", "c", "sub/d.e")]
    assert found == [
        os.path.join(images.folder, name) for name in ("a.Jpg", "b.TIFF", "c.WebP", "sub/d.e.PNG")
    ]
    for name in ("f", "A", "a.Jpg", "d.e", "", ".", "../JPEGImages/a", "gone/a"):
        assert images.find(name) is None


def test_of_several_the_first_kind_is_taken(tmp_path):
    images = write_files(tmp_path, "a.png", "a.JPG", "b.jpg", "b.JPG")
    (tmp_path / "JPEGImages" / "a.jpg").mkdir()
    found = [os.path.basename(images.find(name)) for name in "ab"]
    assert found == ["a.JPG", "b.JPG"]


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    images = write_files(tmp_path, "a.jpg")

    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(UserError, match="the folder '.*JPEGImages': Permission denied"):
        images.find("a")
