"""Records of other tools become a data set by a manifest; faults are named, nothing is touched."""

import json
import os

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.data.convert import convert
from centernet_tf.data.convert_options import ConvertOptions
from centernet_tf.data.foreign_records import adopt_records
from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.record_annotations import read_annotations
from centernet_tf.data.sources import record_splits
from centernet_tf.errors import UserError
from tests.data import coco_folder


def write_shard(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)


@pytest.fixture
def folder(tmp_path, make_records):
    """Ten records in two shards, and a file that names their classes 3 and 7."""
    records = make_records(10)
    write_shard(tmp_path / "theirs" / "train-0.rec", records[:6])
    write_shard(tmp_path / "theirs" / "train-1.rec", records[6:])
    (tmp_path / "map.pbtxt").write_text("item { id: 7 name: 'bus' } item { id: 3 name: 'car' }")
    return tmp_path


def adopt(folder, output_dir="ours", pattern="theirs/*.rec", overwrite=False):
    splits = record_splits([f"train:{folder / pattern}"], str(folder / "map.pbtxt"))
    return adopt_records(splits, str(folder / output_dir), overwrite, {"format": "records"})[
        "train"
    ]


def contents(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    "output_dir, is_below", [("ours", False), (".", True), ("theirs", True), ("theirs/x", False)]
)
def test_the_manifest_points_to_the_files(folder, output_dir, is_below, capsys):
    before = contents(folder)
    report = adopt(folder, output_dir)
    after = contents(folder)
    assert {path: after[path] for path in before} == before
    assert {path.name for path in set(after) - set(before)} == {"manifest.json", "report.json"}
    manifest = load_manifest(str(folder / output_dir))
    split = manifest.split("train")
    assert [os.path.normpath(path) for path in split.shard_paths] == [
        str(folder / "theirs" / f"train-{i}.rec") for i in range(2)
    ]
    assert split.shard_examples == [6, 4] and split.num_examples == 10 == report.images_written
    assert split.num_boxes == report.boxes_written == sum(i % 4 for i in range(10))
    assert dict(split.images_by_boxes) == {0: 3, 1: 3, 2: 2, 3: 2}
    assert [(c.id, c.name) for c in manifest.categories] == [(3, "car"), (7, "bus")]
    assert [image.image_id for image in read_annotations(manifest, "train")]
    shards = json.loads((folder / output_dir / "manifest.json").read_text())["splits"]["train"]
    assert [os.path.isabs(shard["file"]) for shard in shards["shards"]] == [not is_below] * 2
    assert "images" in capsys.readouterr().out
    written = json.loads((folder / output_dir / "report.json").read_text())["train"]
    assert written["images_read"] == 10 and sum(written["boxes_by_class"].values()) == 13
    assert written["problems"]["image_without_boxes"]["count"] == 3


def test_a_manifest_among_its_shards_moves_with_them(folder):
    adopt(folder, "theirs")
    os.rename(folder / "theirs", folder / "moved")
    assert len(read_annotations(load_manifest(str(folder / "moved")), "train")) == 10


def test_overwriting_leaves_the_records(folder):
    before = contents(folder)
    adopt(folder, "theirs")
    with pytest.raises(UserError, match="holds a data set already; give --overwrite"):
        adopt(folder, "theirs")
    adopt(folder, "theirs", "theirs/train-1.rec", overwrite=True)
    assert load_manifest(str(folder / "theirs")).split("train").num_examples == 4
    coco_folder.write_folder(folder)
    coco_folder.convert_folder(folder)
    os.rename(folder / "theirs" / "manifest.json", folder / "records" / "kept.json")
    assert {path: contents(folder)[path] for path in before} == before


def test_a_data_set_of_ours_is_not_replaced_by_its_own_manifest(folder):
    coco_folder.write_folder(folder)
    coco_folder.convert_folder(folder)
    before = contents(folder)
    with pytest.raises(UserError, match="belongs to the data set in '.*records', which would be"):
        adopt(folder, "records", "records/*.tfrecord", overwrite=True)
    assert contents(folder) == before


def test_doubtful_boxes_are_counted_and_stay(folder, make_record, encode_image):
    encoded = encode_image(np.zeros((40, 50, 3), np.uint8))
    boxes = [[0.1, 0.1, 0.1, 0.5], [0.5, 0.5, 0.4, 0.6], [np.nan, 0, 1, 1], [0, 0, 1.2, 1]]
    boxes += [[0, 0, 1, 1], [0, 0, 1.02, 1]]
    record = make_record(encoded, boxes, [3] * 6, image__filename=b"odd.jpg")
    write_shard(folder / "odd.rec", [record])
    report = adopt(folder, pattern="odd.rec")
    assert report.count("doubtful_box") == 4 and report.boxes_written == 6
    assert [entry["detail"].split(":")[0] for entry in report.entries("doubtful_box")] == [
        "zero_area",
        "negative_area",
        "not_finite",
        "outside_image",
    ]


def faulty_record(make_record, encode_image, fault):
    encoded = encode_image(np.zeros((4, 5, 3), np.uint8))
    box = [[0, 0, 1, 1]]
    return {
        "unknown id": lambda: make_record(encoded, box, [5]),
        "negative id": lambda: make_record(encoded, box, [-1], image__filename=b"a.jpg"),
        "no image": lambda: make_record(encoded, image__encoded=None, image__filename=b"a.jpg"),
        "wrong lengths": lambda: make_record(encoded, box, [3, 3], image__filename=b"a.jpg"),
        "no picture": lambda: make_record(b"<html>", box, [3], image__filename=b"a.jpg"),
        "cut JPEG": lambda: make_record(
            encode_image(np.zeros((4, 5, 3), np.uint8), "JPEG")[:30], image__filename=b"a.jpg"
        ),
        "wrong kind": lambda: make_record(encoded, box, [3], image__object__is_crowd=[0.5]),
        "no example": lambda: b"\xff\xff\xff",
    }[fault]()


@pytest.mark.parametrize(
    "fault, sentence",
    [
        ("unknown id", "the labels file has no class with the id 5"),
        ("negative id", "negative ids.*'a.jpg'"),
        ("no image", "holds no image.*'a.jpg'"),
        ("wrong lengths", "lists of different lengths.*'a.jpg'"),
        ("no picture", "image cannot be read.*'a.jpg'"),
        ("cut JPEG", "image cannot be read.*'a.jpg'"),
        ("wrong kind", "is no tf.train.Example"),
        ("no example", "is no tf.train.Example"),
    ],
)
def test_faulty_records_are_named(folder, make_record, encode_image, make_records, fault, sentence):
    record = faulty_record(make_record, encode_image, fault)
    write_shard(folder / "theirs" / "train-1.rec", [*make_records(3), record, *make_records(2)])
    with pytest.raises(
        UserError, match=rf"Record 4 of '.*train-1.rec' cannot be used: .*{sentence}"
    ):
        adopt(folder)
    assert not (folder / "ours").exists()


@pytest.mark.parametrize("damage", ["cut", "flipped", "no records", "compressed"])
def test_damaged_files_are_named(folder, make_records, damage):
    path = folder / "theirs" / "train-1.rec"
    data = bytearray(path.read_bytes())
    number = 1
    if damage == "cut":
        path.write_bytes(data[:-5])
        number = 4
    elif damage == "flipped":
        data[40] ^= 1
        path.write_bytes(data)
    elif damage == "no records":
        path.write_text("this is no TFRecord file")
    else:
        with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions("GZIP")) as writer:
            writer.write(make_records(1)[0])
    with pytest.raises(UserError, match=f"Record {number} of '.*train-1.rec'.*damaged or cut"):
        adopt(folder)
    assert not (folder / "ours").exists()


def test_empty_files_are_refused_together_only(folder):
    write_shard(folder / "theirs" / "train-2.rec", [])
    assert adopt(folder).images_read == 10
    assert len(read_annotations(load_manifest(str(folder / "ours")), "train")) == 10
    with pytest.raises(UserError, match="files of split 'train' hold no records"):
        adopt(folder, "other", "theirs/train-2.rec")


@pytest.mark.parametrize(
    "flags, sentence",
    [
        ([], "needs at least one --split=NAME:PATTERN"),
        (["train"], "--split=train is not of the form"),
        (["train:"], "is not of the form"),
        (["train:theirs/*.tfrecord"], "No file is called as 'theirs/..tfrecord' says"),
        (["train:theirs"], "No file is called as 'theirs' says"),
        (["a:theirs/*", "a:theirs/*"], "name of its own"),
        (["../a:theirs/*"], "named with letters"),
    ],
)
def test_wrong_flags_are_one_sentence(folder, monkeypatch, flags, sentence):
    monkeypatch.chdir(folder)
    with pytest.raises(UserError, match=sentence):
        adopt_records(record_splits(flags, "map.pbtxt"), "ours", False, {})
    assert not (folder / "ours").exists()


def test_names_are_needed():
    with pytest.raises(UserError, match="--format=records needs --labels_file"):
        record_splits(["train:x"], "")


def test_records_of_one_id_are_counted_and_cannot_be_scored(folder, make_records):
    write_shard(folder / "theirs" / "train-2.rec", make_records(1))
    assert adopt(folder).count("repeated_id") == 1
    with pytest.raises(UserError, match="Two records of the split 'train' have the image id"):
        read_annotations(load_manifest(str(folder / "ours")), "train")


def test_adopted_files_survive_a_new_data_set_in_their_folder(folder):
    theirs = folder / "theirs"
    os.rename(theirs / "train-0.rec", theirs / "train-00000-of-00001.tfrecord")
    before = contents(theirs)
    adopt(folder, "theirs", "theirs/*.tfrecord")
    coco_folder.write_folder(folder, coco_folder.document(3))
    options = ConvertOptions(overwrite=True, num_shards=1)
    with pytest.raises(UserError, match="train-00000-of-00001.tfrecord' is there already"):
        convert([coco_folder.read(folder)], str(theirs), options)
    assert {path: contents(theirs)[path] for path in before} == before
    assert load_manifest(str(theirs)).split("train").num_examples == 6
