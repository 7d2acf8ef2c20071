"""What is found in a split, as numbers and as lines for the terminal."""

import pytest

from centernet_tf.config import load_config
from centernet_tf.data.manifest import load_manifest
from centernet_tf.errors import UserError
from centernet_tf.evaluation import inspection
from tests.evaluation.tiny_records import write_records

CONFIG = load_config([], ["data.input_size=[64,96],model.options.variant=mmdet"])


def test_a_sound_split(tmp_path):
    manifest = load_manifest(write_records(tmp_path, 6))
    found = inspection.inspect_split(CONFIG, manifest)
    assert found.split == "train" and len(found.annotations) == 6
    assert found.statistics.num_objects == found.grid["num_objects"] == 7
    assert found.metrics["AP"] == pytest.approx(1.0)
    assert found.limits is None and found.problems is None and found.unusable == []
    text = inspection.inspection_text(found)
    assert text.startswith(f"split 'train' of {manifest.data_dir}\n")
    assert "       7  objects (without crowds)" in text
    assert "       2  images without boxes" in text
    assert "limited" not in text and "cannot be used" not in text


def test_faults_and_limits_are_printed(tmp_path):
    manifest = load_manifest(write_records(tmp_path, 6, broken=(2,), report={"problems": {}}))
    config = CONFIG.replace(model={"options": {"max_detections": 1}})
    found = inspection.inspect_split(config, manifest, "train")
    assert found.problems == []
    assert found.unusable == [("<i>3.png", "its image cannot be decoded")]
    assert found.grid["images_beyond_detections"] == 2
    text = inspection.inspection_text(found)
    assert "       1  records that cannot be used" in text
    assert text.endswith(found.limits.sentence())
    assert "limited by model.options.max_detections=1: with 3 it is 1.000" in text


def test_large_splits_are_looked_at_in_part(tmp_path, monkeypatch):
    monkeypatch.setattr(inspection, "_MAX_CEILING_IMAGES", 3)
    monkeypatch.setattr(inspection, "_MAX_DECODED_IMAGES", 3)
    manifest = load_manifest(write_records(tmp_path, 6))
    found = inspection.inspect_split(CONFIG, manifest)
    assert found.metrics["num_images"] == 3 and found.statistics.num_images == 6
    assert found.unusable is None
    assert "The ceiling is that of 3 images." in inspection.inspection_text(found)


def test_the_only_split_is_taken_whatever_its_name(tmp_path):
    manifest = load_manifest(write_records(tmp_path, 2, split="all"))
    assert inspection.inspect_split(CONFIG, manifest).split == "all"
    with pytest.raises(UserError, match="no split 'train'.*all"):
        inspection.inspect_split(CONFIG, manifest, "train")


def test_a_record_whose_header_is_broken_is_named(tmp_path, monkeypatch):
    manifest = load_manifest(write_records(tmp_path, 3))
    path = manifest.split("train").shard_paths[0]
    with open(path, "r+b") as stream:
        stream.seek(40)
        stream.write(b"\0" * 20)
    with pytest.raises(UserError, match="split 'train'.*cannot be read.*make_tfrecords"):
        inspection.inspect_split(CONFIG, manifest)
