"""A conversion of broken input, once strict and once lenient, and what must hold of both."""

import os

import pytest
import tensorflow as tf

from centernet_tf.data.convert import convert
from centernet_tf.data.convert_options import ConvertOptions
from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.problems import REASONS
from centernet_tf.errors import UserError


def snapshot(folder):
    """Names of everything below a folder with the contents of what is a regular file."""
    found = {}
    for here, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(here, name)
            is_file = os.path.isfile(path) and not os.path.islink(path)
            with open(path if is_file else os.devnull, "rb") as stream:
                found[os.path.relpath(path, folder)] = stream.read()
    return found


def convert_twice(root, read, reason):
    """Converts strictly and leniently, and checks what was refused, counted and written."""
    before = snapshot(root)
    output_dir = str(root / "records")
    if REASONS[reason].dropped:
        with pytest.raises(UserError, match=f"(?s)cannot be used.*{reason}"):
            convert([read()], output_dir, ConvertOptions(max_bad_fraction=0.0))
        assert snapshot(root) == before
    allowed = 1.0 if REASONS[reason].dropped else 0.0
    report = convert([read()], output_dir, ConvertOptions(max_bad_fraction=allowed))["train"]
    assert report.count(reason) >= 1
    assert "0." in report.entries(reason)[0]["file_name"]
    after = snapshot(root)
    assert {name: after[name] for name in before} == before
    new = set(after) - set(before)
    assert all(name.split(os.sep)[0] == "records" for name in new)
    shards = [name for name in new if name.endswith(".tfrecord")]
    assert len(new) == len(shards) + 3
    paths = load_manifest(output_dir).split("train").shard_paths
    # Faster than `read_annotations`, whose graph would be traced for every case.
    records = [tf.train.Example.FromString(r.numpy()) for r in tf.data.TFRecordDataset(paths)]
    labels = [each.features.feature["image/object/class/label"].int64_list for each in records]
    assert len(records) == report.images_written >= 2
    assert sum(len(each.value) for each in labels) == report.boxes_written >= 2
    return report
