"""Names of images below a folder."""

import os

import pytest

from centernet_tf.data.image_list import list_images
from centernet_tf.errors import UserError


def test_images_below_a_folder_in_order(tmp_path):
    for name in ("b/2.PNG", "a.jpg", "b/.hidden.jpg", "b/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list_images("train", str(tmp_path)) == (str(tmp_path), ["a.jpg", "b/2.PNG"])


def test_a_folder_that_cannot_be_read_is_not_skipped(tmp_path, monkeypatch):
    (tmp_path / "a.jpg").touch()
    (tmp_path / "locked").mkdir()
    scan = os.scandir

    def deny(folder):
        if str(folder).endswith("locked"):
            raise PermissionError(13, "Permission denied", folder)
        return scan(folder)

    monkeypatch.setattr(os, "scandir", deny)
    with pytest.raises(UserError, match="Cannot read the folder '.*locked': Permission denied"):
        list_images("train", str(tmp_path))
