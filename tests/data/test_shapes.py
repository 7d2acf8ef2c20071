"""The embedded data set: deterministic, boxes tight, everything in sight, read as any COCO data."""

import dataclasses
import errno
import json

import numpy as np
import pytest
from PIL import Image

from centernet_tf.data import shapes
from centernet_tf.data.convert import convert
from centernet_tf.data.convert_options import ConvertOptions
from centernet_tf.data.data_set_folder import new_data_set, write_report_and_manifest
from centernet_tf.data.manifest import load_manifest, manifest_document
from centernet_tf.data.shape_outline import CLASS_NAMES
from centernet_tf.data.shape_scene import _Scene, draw_scene
from centernet_tf.data.shapes import drawn_splits
from centernet_tf.data.sources import coco_splits, shapes_splits
from centernet_tf.errors import UserError


def all_files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def draw(output_dir, *options):
    """Draws a data set without records; returns the folder of the pictures."""
    with new_data_set(str(output_dir), overwrite=False) as folder:
        for split in drawn_splits(str(output_dir), *options):
            assert len(list(split.images)) == split.num_images
        write_report_and_manifest(folder, {}, manifest_document((), {}, {}))
    return output_dir / "pictures"


def make(output_dir, num_train, seed, **options):
    splits = shapes_splits(str(output_dir), num_train, 1, (64, 64), seed)
    return convert(splits, str(output_dir), ConvertOptions(**options))


def test_a_seed_gives_the_same_bytes(tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        draw(tmp_path / name, 3, 2, (64, 96), seed)
    first, second, other = (all_files(tmp_path / name / "pictures") for name in "abc")
    assert first == second
    assert sorted(first) == sorted(other)
    assert len(first) == 7
    assert not set(first.values()) & set(other.values())
    assert len(set(first.values())) == len(first)


def test_a_picture_does_not_depend_on_how_many_there_are(tmp_path):
    first = all_files(draw(tmp_path / "a", 1, 1, (64, 64), 3))
    more = all_files(draw(tmp_path / "b", 3, 2, (64, 64), 3))
    assert first["train/000001.jpg"] == more["train/000001.jpg"]
    assert first["val/000001.jpg"] == more["val/000001.jpg"]


def test_coco_files_describe_the_pictures(tmp_path):
    pictures = draw(tmp_path, 4, 1, (72, 96), 1)
    content = json.loads((pictures / "train.json").read_text())
    assert [category["name"] for category in content["categories"]] == list(CLASS_NAMES)
    assert len(content["images"]) == 4
    for entry in content["images"]:
        with Image.open(pictures / "train" / entry["file_name"]) as image:
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
        drawn_splits(str(tmp_path), 1, 1, size, 1)


def test_image_size_must_be_two_numbers(tmp_path):
    for size in (["256"], ["a", "b"], ["1", "2", "3"]):
        with pytest.raises(UserError, match="--image_size must be height,width"):
            shapes_splits(str(tmp_path), 1, 1, size, 1)


def test_records_and_the_coco_files_hold_the_same(tmp_path):
    reports = make(tmp_path / "drawn", 5, seed=1)
    manifest = load_manifest(str(tmp_path / "drawn"))
    assert manifest.class_names == list(CLASS_NAMES)
    assert manifest.split("train").num_examples == 5
    assert manifest.split("val").num_examples == 1
    assert not reports["train"].reasons() and not reports["val"].reasons()
    pictures = tmp_path / "drawn" / "pictures"
    splits = coco_splits(
        [f"{name}:{pictures / name}:{pictures / name}.json" for name in ("train", "val")]
    )
    read = convert(splits, str(tmp_path / "read"), ConvertOptions())
    assert {name: report.as_dict() for name, report in reports.items()} == {
        name: report.as_dict() for name, report in read.items()
    }
    assert records(tmp_path / "drawn") == records(tmp_path / "read")


def records(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.tfrecord")}


def test_two_runs_do_not_mix(tmp_path):
    make(tmp_path / "alone", 3, seed=1)

    def disturbed(images):
        for image in images:
            with pytest.raises(UserError, match="Another run is writing"):
                make(tmp_path / "both", 3, seed=2)
            yield image

    splits = [
        dataclasses.replace(split, images=disturbed(split.images))
        for split in shapes_splits(str(tmp_path / "both"), 3, 1, (64, 64), 1)
    ]
    convert(splits, str(tmp_path / "both"), ConvertOptions())
    assert all_files(tmp_path / "both") == all_files(tmp_path / "alone")


def test_pictures_are_replaced_with_the_records(tmp_path):
    make(tmp_path / "new", 2, seed=5)
    make(tmp_path / "old", 4, seed=4)
    before = all_files(tmp_path / "old")
    assert len([name for name in before if name.startswith("pictures/train/")]) == 4
    make(tmp_path / "old", 2, seed=5, overwrite=True)
    assert all_files(tmp_path / "old") == all_files(tmp_path / "new")


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_failed_run_changes_no_picture(tmp_path, monkeypatch, overwrite):
    folder = tmp_path / "records"
    if overwrite:
        make(folder, 3, seed=1)
    before = all_files(tmp_path)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shapes.json, "dump", full)
    with pytest.raises(UserError, match="Cannot draw into '.*records': No space left on device"):
        make(folder, 2, seed=2, overwrite=overwrite)
    assert all_files(tmp_path) == before and folder.exists() == overwrite


def test_pictures_of_others_are_not_drawn_over(tmp_path):
    (tmp_path / "pictures" / "train").mkdir(parents=True)
    (tmp_path / "pictures/train/000001.jpg").write_text("mine")
    with pytest.raises(UserError, match="pictures' is there already and belongs to no data set"):
        make(tmp_path, 1, seed=3)
    assert all_files(tmp_path) == {"pictures/train/000001.jpg": b"mine"}
