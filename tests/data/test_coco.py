"""COCO ids, names, crowds, areas and empty images come through records exactly."""

import json

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.data.convert import convert
from centernet_tf.data.convert_options import ConvertOptions
from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.record_annotations import read_annotations
from centernet_tf.errors import UserError
from tests.data import coco_folder


def hostile_but_right():
    """Non-contiguous ids, a crowd, a category without boxes, an image without boxes."""
    content = coco_folder.document(3)
    content["categories"].append({"id": 7, "name": "ölkännchen"})
    content["annotations"][1]["iscrowd"] = 1
    content["annotations"][1]["segmentation"] = {"counts": [3, 4], "size": [40, 60]}
    content["annotations"][2]["image_id"] = 90
    content["annotations"][2]["area"] = 702.1057499999998
    return content


@pytest.fixture
def converted(tmp_path):
    content = hostile_but_right()
    coco_folder.write_folder(tmp_path, content)
    report = coco_folder.convert_folder(tmp_path)
    return content, report, load_manifest(str(tmp_path / "records"))


def test_round_trip_is_exact(converted):
    content, report, manifest = converted
    assert [(c.id, c.name) for c in manifest.categories] == [
        (3, "car"),
        (7, "ölkännchen"),
        (44, "bottle"),
    ]
    images = {image.image_id: image for image in read_annotations(manifest, "train")}
    assert sorted(images) == sorted(entry["id"] for entry in content["images"])
    for entry in content["images"]:
        image = images[entry["id"]]
        assert (image.file_name, image.height, image.width) == (entry["file_name"], 40, 60)
        expected = [a for a in content["annotations"] if a["image_id"] == entry["id"]]
        assert len(image.boxes) == len(expected)
        for box, annotation in zip(image.boxes, expected):
            left, top, width, height = annotation["bbox"]
            np.testing.assert_allclose(
                box.box_px, (top, left, top + height, left + width), atol=1e-5
            )
            assert box.category_id == annotation["category_id"]
            assert box.is_crowd == bool(annotation["iscrowd"])
            assert np.float32(box.area) == np.float32(annotation["area"])
    assert report.count("image_without_boxes") == 1
    assert not report.dropped("box") and not report.dropped("image")


def test_original_bytes_are_kept(converted, tmp_path):
    *_, manifest = converted
    for record in tf.data.TFRecordDataset(manifest.split("train").shard_paths):
        feature = tf.train.Example.FromString(record.numpy()).features.feature
        name = feature["image/filename"].bytes_list.value[0].decode()
        encoded = feature["image/encoded"].bytes_list.value[0]
        assert encoded == (tmp_path / "images" / name).read_bytes()


def test_category_id_zero_is_kept(tmp_path):
    content = coco_folder.document()
    content["categories"][1]["id"] = 0
    for annotation in content["annotations"]:
        annotation["category_id"] = 0
    coco_folder.write_folder(tmp_path, content)
    coco_folder.convert_folder(tmp_path)
    manifest = load_manifest(str(tmp_path / "records"))
    assert manifest.class_ids == [0, 44]
    images = read_annotations(manifest, "train")
    assert {box.category_id for image in images for box in image.boxes} == {0}


def test_missing_area_is_the_area_of_the_box(tmp_path):
    content = coco_folder.document(1)
    del content["annotations"][0]["area"]
    coco_folder.write_folder(tmp_path, content)
    (image,) = coco_folder.read(tmp_path).images
    assert image.boxes[0].area == 20 * 10.5


def test_splits_share_one_category_list(tmp_path):
    coco_folder.write_folder(tmp_path)
    train = coco_folder.read(tmp_path)
    content = coco_folder.document()
    content["categories"] = [{"id": 8, "name": "boat"}]
    content["annotations"] = []
    (tmp_path / "train.json").write_text(json.dumps(content))
    convert([train, coco_folder.read(tmp_path, "val")], str(tmp_path / "r"), ConvertOptions())
    manifest = load_manifest(str(tmp_path / "r"))
    assert manifest.class_names == ["car", "boat", "bottle"]
    assert manifest.split("val").num_boxes == 0


@pytest.mark.parametrize(
    "category, sentence",
    [
        ({"id": 3, "name": "lorry"}, "Category 3 is 'car' in split 'train' and 'lorry'"),
        ({"id": 9, "name": "car"}, "'car' has the ids 3 and 9"),
    ],
)
def test_categories_that_contradict_are_refused(tmp_path, category, sentence):
    coco_folder.write_folder(tmp_path)
    train = coco_folder.read(tmp_path)
    content = coco_folder.document()
    content["categories"] = [category]
    (tmp_path / "train.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=sentence):
        convert([train, coco_folder.read(tmp_path, "val")], str(tmp_path / "r"), ConvertOptions())
    assert not (tmp_path / "r").exists()
