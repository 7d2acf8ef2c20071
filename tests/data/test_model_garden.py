"""Records go both ways between this package and the TensorFlow Model Garden."""

import io

import numpy as np
import pytest
import tensorflow as tf
from absl.testing import flagsaver
from official.vision.dataloaders.tf_example_decoder import TfExampleDecoder
from PIL import Image

from centernet_tf.config import load_config
from centernet_tf.data.encoded_image import read_pixels
from centernet_tf.data.foreign_records import adopt_records
from centernet_tf.data.input_pipeline import eval_dataset, train_dataset
from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.record_annotations import read_annotations
from centernet_tf.data.record_parser import parse_record
from centernet_tf.data.sources import record_splits
from centernet_tf.detectors import make_detector
from tests.data import coco_folder


def document():
    """Four images: two with boxes of which one is a crowd, one with two boxes, one without."""
    content = coco_folder.document(4)
    content["annotations"][1]["iscrowd"] = 1
    content["annotations"][2]["image_id"] = 90
    for annotation in content["annotations"]:
        left, top, width, height = annotation["bbox"]
        corners = [left, top, left + width, top, left + width, top + height, left, top + height]
        annotation["segmentation"] = [corners]
    return content


def boxes_yxyx(content, image_id):
    chosen = [entry for entry in content["annotations"] if entry["image_id"] == image_id]
    edges = [(y, x, y + height, x + width) for x, y, width, height in _bboxes(chosen)]
    return chosen, np.reshape(np.asarray(edges, np.float32), (-1, 4))


def _bboxes(entries):
    return [entry["bbox"] for entry in entries]


def test_the_model_garden_reads_our_records(tmp_path):
    content = document()
    coco_folder.write_folder(tmp_path, content)
    coco_folder.write_images(tmp_path / "images", 4)
    coco_folder.convert_folder(tmp_path)
    manifest = load_manifest(str(tmp_path / "records"))
    decode = TfExampleDecoder().decode
    decoded = tf.data.TFRecordDataset(manifest.split("train").shard_paths).map(decode)
    found = {int(tensors["source_id"]): tensors for tensors in decoded.as_numpy_iterator()}
    assert sorted(found) == sorted(entry["id"] for entry in content["images"])
    for image in content["images"]:
        tensors = found[image["id"]]
        annotations, boxes_px = boxes_yxyx(content, image["id"])
        with open(tmp_path / "images" / image["file_name"], "rb") as stream:
            pixels = tf.io.decode_image(stream.read()).numpy()
        np.testing.assert_array_equal(tensors["image"], pixels)
        assert (tensors["height"], tensors["width"]) == (40, 60)
        normalized = boxes_px / np.float32([40, 60, 40, 60])
        np.testing.assert_allclose(tensors["groundtruth_boxes"], normalized, rtol=1e-6)
        for key, field in (("classes", "category_id"), ("is_crowd", "iscrowd"), ("area", "area")):
            expected = np.float32([entry[field] for entry in annotations])
            np.testing.assert_array_equal(tensors[f"groundtruth_{key}"], expected)


@pytest.fixture(scope="session")
def create_tf_example():
    """The function of the Model Garden's converter that makes one record.

    Its module defines flags, such as `num_shards`, and makes TensorFlow talk; both are undone.
    """
    level = tf.get_logger().level
    with flagsaver.flagsaver():
        from official.vision.data.create_coco_tf_record import create_tf_example as function
    tf.get_logger().setLevel(level)
    return function


@pytest.fixture(params=[False, True], ids=["boxes", "masks"])
def their_records(request, tmp_path, create_tf_example):
    """Folder of a data set that the Model Garden's converter made, in two shards."""
    content = document()
    coco_folder.write_images(tmp_path / "images", 4)
    if request.param:
        # Their converter takes run lengths for the mask of a crowd, and an area in floats.
        content["annotations"][1]["segmentation"] = {"counts": [2400], "size": [40, 60]}
    names = {entry["id"]: entry["name"] for entry in content["categories"]}
    for shard in range(2):
        path = tmp_path / f"theirs-{shard:05d}-of-00002.tfrecord"
        with tf.io.TFRecordWriter(str(path)) as writer:
            for image in content["images"][shard::2]:
                example, skipped = create_tf_example(
                    image,
                    [str(tmp_path / "images")],
                    bbox_annotations=boxes_yxyx(content, image["id"])[0],
                    id_to_name_map=names,
                    include_masks=request.param,
                )
                assert skipped == 0
                writer.write(example.SerializeToString())
    (tmp_path / "names.pbtxt").write_text(
        "".join(f"item {{ id: {key} name: '{name}' }}\n" for key, name in names.items())
    )
    return tmp_path


def test_we_parse_their_records(their_records):
    content = document()
    images = {str(entry["id"]): entry for entry in content["images"]}
    decode = TfExampleDecoder().decode
    paths = sorted(str(path) for path in their_records.glob("*.tfrecord"))
    for record in tf.data.TFRecordDataset(paths):
        sample, theirs = parse_record(record, [3, 44]), decode(record)
        image_id = images[theirs["source_id"].numpy().decode()]["id"]
        annotations, boxes_px = boxes_yxyx(content, image_id)
        assert sample.image_id == image_id
        assert sample.file_name.numpy().decode() == images[str(image_id)]["file_name"]
        np.testing.assert_allclose(sample.boxes_px, boxes_px, atol=1e-4)
        ids = [[3, 44][index] for index in sample.classes.numpy()]
        assert ids == [entry["category_id"] for entry in annotations]
        assert list(sample.is_crowd.numpy()) == [bool(entry["iscrowd"]) for entry in annotations]
        np.testing.assert_array_equal(sample.area, theirs["groundtruth_area"])
        np.testing.assert_array_equal(read_pixels(sample.image), theirs["image"])


def adopted(folder):
    splits = record_splits([f"train:{folder}/theirs-*"], str(folder / "names.pbtxt"))
    report = adopt_records(splits, str(folder / "records"), False, {})["train"]
    return report, load_manifest(str(folder / "records"))


def test_their_records_train_unchanged(their_records):
    report, manifest = adopted(their_records)
    assert (report.images_written, report.boxes_written) == (4, 4)
    assert [(c.id, c.name) for c in manifest.categories] == [(3, "car"), (44, "bottle")]
    assert sorted(image.image_id for image in read_annotations(manifest, "train")) == [
        entry["id"] for entry in document()["images"][::-1]
    ]
    overrides = "data.input_size=[64,64],train.global_batch_size=2,train.epochs=1,data.max_boxes=5"
    config = load_config([], [overrides, "data.eval_split=train,evaluation.batch_size=4"])
    detector = make_detector(config, manifest.num_classes)
    batches = list(train_dataset(config, manifest, detector.encode))
    assert len(batches) == 2
    for images, targets in batches:
        assert images.shape == (2, 64, 64, 3) and np.isfinite(images).all()
        assert all(np.isfinite(value).all() for value in tf.nest.flatten(targets))
    (batch,) = eval_dataset(config, manifest)
    assert batch["mask"].numpy().sum() == 4 and batch["is_crowd"].numpy().sum() == 1


def test_records_of_the_object_detection_api_train_unchanged(tmp_path, make_record):
    """By the schema of its Pascal VOC converter, whose package is not to be had from PyPI."""
    stream = io.BytesIO()
    Image.new("RGB", (60, 40), (9, 80, 200)).save(stream, "JPEG")
    record = make_record(
        stream.getvalue(),
        [[0.1, 0.2, 0.5, 0.6]],
        [2],
        image__height=[40],
        image__width=[60],
        image__filename=b"2008_000008.jpg",
        image__source_id=b"2008_000008.jpg",
        image__key__sha256=b"0" * 64,
        image__format=b"jpeg",
        image__object__class__text=[b"dog"],
        image__object__difficult=[1],
        image__object__truncated=[0],
        image__object__view=[b"Left"],
    )
    with tf.io.TFRecordWriter(str(tmp_path / "theirs-0")) as writer:
        writer.write(record)
    (tmp_path / "names.pbtxt").write_text("item { id: 1 name: 'cat' } item { id: 2 name: 'dog' }")
    _, manifest = adopted(tmp_path)
    (image,) = read_annotations(manifest, "train")
    (box,) = image.boxes
    assert box.category_id == 2 and box.difficult
    assert box.box_px == pytest.approx((4, 12, 20, 36), abs=1e-4)
