import json

import pytest

from centernet_tf.data.manifest import load_manifest
from centernet_tf.errors import UserError
from tests.data import coco_folder


@pytest.fixture
def records(tmp_path):
    coco_folder.write_folder(tmp_path)
    coco_folder.convert_folder(tmp_path)
    return tmp_path / "records"


def edit(records, change):
    path = records / "manifest.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_what_it_says(records):
    manifest = load_manifest(str(records))
    assert manifest.num_classes == 2
    assert manifest.class_ids == [3, 44]
    assert manifest.class_names == ["car", "bottle"]
    split = manifest.split("train")
    assert (split.name, split.num_examples, split.num_boxes) == ("train", 3, 3)
    assert split.shard_paths == [str(records / "train-00000-of-00001.tfrecord")]


def test_shards_have_their_sums(records):
    import hashlib

    document = json.loads((records / "manifest.json").read_text())
    for shard in document["splits"]["train"]["shards"]:
        data = (records / shard["file"]).read_bytes()
        assert shard["bytes"] == len(data)
        assert shard["sha256"] == hashlib.sha256(data).hexdigest()


def test_missing_manifest_says_what_to_do(tmp_path):
    with pytest.raises(UserError, match="holds no manifest.json; make the data set with python -m"):
        load_manifest(str(tmp_path / "nothing"))


def test_unknown_split_names_those_there_are(records):
    with pytest.raises(UserError, match="no split 'trian'; its splits are train. Did you mean"):
        load_manifest(str(records)).split("trian")


def test_empty_split_is_an_error(records):
    edit(records, lambda document: document["splits"]["train"].update(num_examples=0))
    with pytest.raises(UserError, match="'train' of .* holds no images"):
        load_manifest(str(records)).split("train")


def test_missing_or_cut_shard_is_named(records):
    path = records / "train-00000-of-00001.tfrecord"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(UserError, match="train-00000-of-00001.tfrecord should have [0-9]+ bytes"):
        load_manifest(str(records)).split("train")
    path.unlink()
    with pytest.raises(UserError, match="and has 0"):
        load_manifest(str(records)).split("train")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format_version": 99}', "\x80"])
def test_other_files_are_no_manifest(records, text):
    (records / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match="manifest.json"):
        load_manifest(str(records))


@pytest.mark.parametrize("key", ["splits", "categories", "options"])
def test_damaged_manifest_is_named(records, key):
    edit(records, lambda document: document.pop(key))
    with pytest.raises(UserError, match="is damaged"):
        load_manifest(str(records))
