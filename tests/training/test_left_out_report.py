"""Training on a damaged data set: it goes on where it can, and says what is wrong."""

import json
import shutil

import pytest

from centernet_tf.config import load_config
from centernet_tf.data.manifest import load_manifest
from centernet_tf.errors import UserError
from centernet_tf.training.train import train


@pytest.fixture(name="records")
def copy_records(records, tmp_path):
    return shutil.copytree(records, tmp_path / "records")


def settings(records):
    return load_config(
        [],
        [
            f"data: {{path: '{records}', input_size: [64, 64], max_boxes: 1, shuffle_buffer: 4}}",
            "model: {backbone: {name: res_18, width_multiplier: 0.1}}",
            "model: {options: {max_detections: 20}}",
            "train: {epochs: 2, global_batch_size: 4, optimizer: {drop_epochs: []}}",
        ],
    )


def damage(path, count=1):
    """Breaks the checksum of a shard's last record, or of its first."""
    data = bytearray(path.read_bytes())
    data[-30 if count == 1 else 40] ^= 255
    path.write_bytes(data)


def shard(records, number):
    return sorted(records.glob("train-*.tfrecord"))[number]


@pytest.mark.slow
def test_a_damaged_shard_is_told_and_trained_without(records, tmp_path, capsys):
    damage(shard(records, 1))
    model_dir = tmp_path / "model"
    train(settings(records), str(model_dir), evaluate_between=False)
    output = capsys.readouterr().out
    assert "More objects than data.max_boxes=1 in 7 of 12 images of 'train' (at most " in output
    assert output.count("Left out 1 unusable record (a record of train-00001") == 1
    lines = (model_dir / "left_out_records.txt").read_text().splitlines()
    assert lines and all("the file is damaged" in line for line in lines)
    assert {line.split(":")[0] for line in lines} <= {"epoch 1", "epoch 2"}


def test_a_data_set_beyond_use_is_one_sentence(records, tmp_path):
    for path in records.glob("train-*.tfrecord"):
        damage(path, count=9)
    with pytest.raises(UserError, match="Too many records of split 'train'.*make_tfrecords"):
        train(settings(records), str(tmp_path / "model"), evaluate_between=False)


def test_records_of_another_manifest_are_one_sentence(records, tmp_path):
    path = records / "manifest.json"
    document = json.loads(path.read_text())
    document["categories"][0]["id"] = 77
    path.write_text(json.dumps(document))
    with pytest.raises(UserError, match=r"holds the category id 1, which its manifest .*\.jpg"):
        train(settings(records), str(tmp_path / "model"), evaluate_between=False)


def test_crowded_images_are_counted(records):
    split = load_manifest(str(records)).split("train")
    assert sum(split.images_by_boxes.values()) == 12
    assert sum(boxes * images for boxes, images in split.images_by_boxes.items()) == split.num_boxes
    assert split.crowded(0) == (12, max(split.images_by_boxes))
    assert split.crowded(1000)[0] == 0
