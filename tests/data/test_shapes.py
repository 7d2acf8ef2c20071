"""The embedded data set: deterministic, boxes tight, everything in sight, read as any COCO data."""

import json

import numpy as np
import pytest
from PIL import Image

from centernet_tf.data.convert import convert
from centernet_tf.data.convert_options import ConvertOptions
from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.shape_outline import CLASS_NAMES
from centernet_tf.data.shape_scene import _Scene, draw_scene
from centernet_tf.data.shapes import draw_dataset
from centernet_tf.data.sources import shapes_splits
from centernet_tf.errors import UserError


def all_files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_seed_gives_the_same_bytes(tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        draw_dataset(str(tmp_path / name), 3, 2, (64, 96), seed)
    first, second, other = (all_files(tmp_path / name) for name in "abc")
    assert first == second
    assert sorted(first) == sorted(other)
    assert {first.pop(".drawn"), other.pop(".drawn"), second.pop(".drawn")} == {b""}
    assert not set(first.values()) & set(other.values())
    assert len(set(first.values())) == len(first)


def test_a_picture_does_not_depend_on_how_many_there_are(tmp_path):
    draw_dataset(str(tmp_path / "a"), 1, 1, (64, 64), 3)
    draw_dataset(str(tmp_path / "b"), 3, 2, (64, 64), 3)
    first, more = all_files(tmp_path / "a"), all_files(tmp_path / "b")
    assert first["train/000001.jpg"] == more["train/000001.jpg"]
    assert first["val/000001.jpg"] == more["val/000001.jpg"]


def test_coco_files_describe_the_pictures(tmp_path):
    draw_dataset(str(tmp_path), 4, 1, (72, 96), 1)
    content = json.loads((tmp_path / "train.json").read_text())
    assert [category["name"] for category in content["categories"]] == list(CLASS_NAMES)
    assert len(content["images"]) == 4
    for entry in content["images"]:
        with Image.open(tmp_path / "train" / entry["file_name"]) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (96, 72))
    for annotation in content["annotations"]:
        left, top, width, height = annotation["bbox"]
        assert left >= 0 and top >= 0 and left + width <= 96 and top + height <= 72
        assert 0 < annotation["area"] <= width * height


def test_shapes_are_as_promised():
    sides, names, counts = [], set(), []
    for number in range(60):
        _, shapes = draw_scene(np.random.default_rng([7, number]), 256, 256)
        counts.append(len(shapes))
        names |= {shape.name for shape in shapes}
        boxes = np.array([shape.box_px for shape in shapes])
        sides += list((boxes[:, 2:] - boxes[:, :2]).max(axis=1))
    assert names == set(CLASS_NAMES)
    assert min(counts) >= 1 and max(counts) <= 6
    assert min(sides) >= 20 and max(sides) <= 128
    assert max(sides) / min(sides) > 3


def test_boxes_are_tight_around_what_is_in_sight():
    """Boxes against a search pixel by pixel."""
    rng = np.random.default_rng(11)
    for name in CLASS_NAMES:
        scene = _Scene(np.zeros((64, 80, 3), np.float32))
        for radius in rng.uniform(8, 16, 4):
            scene.add_shape(rng, name, radius)
        shapes = scene.visible_shapes()
        assert len(shapes) == scene.owner.max()
        for index, shape in enumerate(shapes, start=1):
            pixels = [(y, x) for y in range(64) for x in range(80) if scene.owner[y, x] == index]
            rows, columns = zip(*pixels)
            tight = (min(rows), min(columns), max(rows) + 1, max(columns) + 1)
            assert (shape.box_px, shape.area) == (tight, len(pixels))


def test_shapes_stay_in_sight():
    rng = np.random.default_rng(2)
    for _ in range(10):
        scene = _Scene(np.zeros((128, 128, 3), np.float32))
        for _ in range(6):
            scene.add_shape(rng, "circle", 20.0)
        for shape in scene.visible_shapes():
            assert shape.area > 0.64 * np.pi * 20**2


@pytest.mark.parametrize("size", [(63, 64), (64, 4000), (0, 0), (-5, 64)])
def test_sizes_out_of_range_are_refused(tmp_path, size):
    with pytest.raises(UserError, match="64 to 2048 pixels a side"):
        draw_dataset(str(tmp_path), 1, 1, size, 1)


def test_image_size_must_be_two_numbers(tmp_path):
    for size in (["256"], ["a", "b"], ["1", "2", "3"]):
        with pytest.raises(UserError, match="--image_size must be height,width"):
            shapes_splits(str(tmp_path), 1, 1, size, 1)


def test_it_takes_the_road_of_any_data_set(tmp_path):
    splits = shapes_splits(str(tmp_path), 5, 2, ("64", "64"), 1)
    reports = convert(splits, str(tmp_path), ConvertOptions())
    manifest = load_manifest(str(tmp_path))
    assert manifest.class_names == list(CLASS_NAMES)
    assert manifest.split("train").num_examples == 5
    assert manifest.split("val").num_examples == 2
    assert not reports["train"].reasons() and not reports["val"].reasons()
    assert (tmp_path / "pictures" / "val.json").exists()


def test_pictures_of_others_are_not_drawn_over(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train/000001.jpg").write_text("mine")
    with pytest.raises(UserError, match="holds files that were not drawn"):
        draw_dataset(str(tmp_path), 1, 1, (64, 64), 3)
    assert (tmp_path / "train/000001.jpg").read_text() == "mine"
