"""Finding and reading the images that a person names."""

import os
import re

import numpy as np
import pytest
from PIL import Image

from centernet_tf.errors import UserError
from centernet_tf.export.image_files import find_images, read_upright
from tests.export.tiny_detector import encode, textured_image


@pytest.fixture
def folder(tmp_path):
    for name in ("b.jpg", "a.PNG", "sub/c.jpg", "sub/deep/d.jpg", ".hidden.jpg", "readme.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return tmp_path


def names(paths, folder):
    return [os.path.relpath(path, folder) for path in paths]


def test_a_folder_gives_its_images_sorted(folder):
    assert names(find_images([str(folder)]), folder) == ["a.PNG", "b.jpg"]


def test_globs_files_and_folders_together_each_once(folder):
    patterns = [str(folder / "b.jpg"), f"{folder}/**/*.jpg", str(folder)]
    expected = ["b.jpg", "sub/c.jpg", "sub/deep/d.jpg", "a.PNG"]
    assert names(find_images(patterns), folder) == expected


def test_a_file_whose_name_looks_like_a_glob(tmp_path):
    (tmp_path / "x[1].jpg").write_bytes(b"")
    assert names(find_images([str(tmp_path / "x[1].jpg")]), tmp_path) == ["x[1].jpg"]


@pytest.mark.parametrize("pattern", ["missing.jpg", "*.gif", "nowhere/"])
def test_a_pattern_without_files_is_one_sentence(folder, pattern):
    with pytest.raises(UserError, match="No file fits --images="):
        find_images([str(folder / pattern)])


def test_a_folder_without_images_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="holds no image"):
        find_images([str(tmp_path)])


def test_exif_orientation_is_applied(tmp_path):
    upright = textured_image(40, 64)
    stored = Image.fromarray(np.rot90(upright))
    exif = Image.Exif()
    exif[0x0112] = 6
    stored.save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_upright(str(tmp_path / "a.png")), upright)


def test_greyscale_and_transparency_become_rgb(tmp_path):
    image = textured_image(20, 30)
    (tmp_path / "grey.png").write_bytes(encode(image[..., 0]))
    assert read_upright(str(tmp_path / "grey.png")).shape == (20, 30, 3)
    clear = np.concatenate([image, np.zeros_like(image[..., :1])], axis=-1)
    (tmp_path / "clear.png").write_bytes(encode(clear))
    assert (read_upright(str(tmp_path / "clear.png")) == 255).all()


@pytest.mark.parametrize(
    "content", [b"", b"no image", encode(textured_image(40, 60), "JPEG")[:400]]
)
def test_an_unreadable_image_is_one_sentence(tmp_path, content):
    path = tmp_path / "broken.jpg"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_upright(str(path))
    assert re.match("Cannot read the image .*broken.jpg .*--skip_unreadable", str(caught.value))
    assert "object at 0x" not in str(caught.value)
