"""A data set is there whole or not at all, whenever a run ends."""

import contextlib
import errno
import json
import os

import pytest

from centernet_tf.data import data_set_folder
from centernet_tf.data.data_set_folder import (
    check_split_names,
    new_data_set,
    refuse_as_source,
    write_report_and_manifest,
)
from centernet_tf.errors import UserError


def write_data_set(folder, label, shards=("a", "b")):
    for shard in shards:
        with open(os.path.join(folder, shard), "w") as stream:
            stream.write(label)
    with open(os.path.join(folder, "report.json"), "w") as stream:
        stream.write(label)
    os.mkdir(os.path.join(folder, "pictures"))
    with open(os.path.join(folder, "pictures", label), "w") as stream:
        stream.write(label)
    splits = {"train": {"shards": [{"file": shard} for shard in shards]}}
    with open(os.path.join(folder, "manifest.json"), "w") as stream:
        json.dump({"splits": splits, "label": label, "pictures": True}, stream)


def make(output_dir, label, overwrite=False, **options):
    with new_data_set(str(output_dir), overwrite) as folder:
        write_data_set(folder, label, **options)


def contents(folder):
    """Returns the texts of the files but for the manifest, and its label; checks the pictures."""
    found = {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}
    manifest = found.pop("manifest.json", None)
    label = manifest and json.loads(manifest)["label"]
    if label:
        assert [path.read_text() for path in (folder / "pictures").iterdir()] == [label]
    return found, label


def test_files_appear_at_the_end(tmp_path):
    target = tmp_path / "deep" / "records"
    with new_data_set(str(target), overwrite=False) as folder:
        write_data_set(folder, "new")
        assert os.listdir(target) == [os.path.basename(folder)]
    assert contents(target) == ({"a": "new", "b": "new", "report.json": "new"}, "new")
    assert sorted(os.listdir(target)) == ["a", "b", "manifest.json", "pictures", "report.json"]


def test_a_data_set_is_replaced_only_on_demand(tmp_path):
    make(tmp_path, "old", shards=("a", "b", "c"))
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="holds a data set already; give --overwrite"):
        make(tmp_path, "new")
    assert contents(tmp_path)[1] == "old"
    make(tmp_path, "new", overwrite=True, shards=("a",))
    assert contents(tmp_path) == ({"a": "new", "report.json": "new", "notes.txt": "mine"}, "new")


@pytest.mark.parametrize("kind", [UserError, ValueError, KeyboardInterrupt])
def test_a_failed_run_leaves_what_was_there(tmp_path, kind):
    with pytest.raises(kind), new_data_set(str(tmp_path / "new"), overwrite=False) as folder:
        write_data_set(folder, "half")
        raise kind("stop")
    assert not (tmp_path / "new").exists()
    make(tmp_path, "old")
    with pytest.raises(kind), new_data_set(str(tmp_path), overwrite=True) as folder:
        write_data_set(folder, "half")
        raise kind("stop")
    assert contents(tmp_path) == ({"a": "old", "b": "old", "report.json": "old"}, "old")


@pytest.mark.parametrize("step", range(12))
def test_a_fault_while_the_files_move_leaves_what_was_there(tmp_path, monkeypatch, step):
    """The disk is full at each of the ten moves, or at the copy before them (step 0)."""
    make(tmp_path, "old", shards=("a", "x"))
    calls = []

    def until_full(function):
        def call(*arguments):
            calls.append(function)
            if len(calls) == step + 1:
                raise OSError(errno.ENOSPC, "No space left on device")
            return function(*arguments)

        return call

    with monkeypatch.context() as patch:
        for module, name in ((os, "replace"), (data_set_folder.shutil, "copyfile")):
            patch.setattr(module, name, until_full(getattr(module, name)))
        with contextlib.suppress(OSError):
            make(tmp_path, "new", overwrite=True)
    found, label = contents(tmp_path)
    assert label == ("new" if step == 11 else "old")
    assert found == dict.fromkeys([*{"old": "ax", "new": "ab"}[label], "report.json"], label)
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


def test_files_of_others_are_not_replaced(tmp_path):
    (tmp_path / "b").write_text("someone else's")
    with pytest.raises(UserError, match="b' is there already and belongs to no data set"):
        make(tmp_path, "new")
    assert contents(tmp_path) == ({"b": "someone else's"}, None)


def test_pictures_go_with_the_data_set_that_had_them(tmp_path):
    make(tmp_path, "old")
    with new_data_set(str(tmp_path), overwrite=True) as folder:
        write_report_and_manifest(folder, {}, {"splits": {}})
    assert sorted(os.listdir(tmp_path)) == ["manifest.json", "report.json"]


def test_pictures_of_others_outlive_a_killed_run(tmp_path):
    """They appeared while it ran, and it was killed before it moved its own."""
    staging = tmp_path / ".unfinished"
    staging.mkdir()
    write_data_set(staging, "killed")
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "mine").write_text("mine")
    with pytest.raises(UserError, match="pictures' is there already and belongs to no data set"):
        make(tmp_path, "new")
    assert os.listdir(tmp_path) == ["pictures"]
    assert (tmp_path / "pictures" / "mine").read_text() == "mine"


def test_pictures_are_not_read_for_what_replaces_them(tmp_path, monkeypatch):
    make(tmp_path / "records", "old")
    monkeypatch.chdir(tmp_path)
    for description in ("train:records/pictures/train:a.json", "./records/pictures"):
        with pytest.raises(UserError, match="belongs to the data set in 'records', which would be"):
            refuse_as_source("records", ["val:images:b.json", description])
    refuse_as_source("records", ["train:records/pictures.old:a.json", "records"])
    refuse_as_source("others", ["train:records/pictures:a.json"])


class Killed(BaseException):
    """Stands for the end of the process: nothing is cleaned up after it."""


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("step", range(14))
def test_a_killed_run_started_again_starts_clean(tmp_path, monkeypatch, overwrite, step):
    """Kills the run at each operation that changes the output folder, then runs it again."""
    if overwrite:
        make(tmp_path, "old", shards=("a", "x", "y"))
    (tmp_path / "b-00000-of-00001.tfrecord").write_text("someone else's")
    calls = []

    def dying(function):
        def call(*arguments, **options):
            calls.append(function)
            if len(calls) > step:
                raise Killed
            return function(*arguments, **options)

        return call

    with monkeypatch.context() as patch:
        for module, name in ((os, "replace"), (os, "remove"), (data_set_folder.shutil, "copyfile")):
            patch.setattr(module, name, dying(getattr(module, name)))
        patch.setattr(data_set_folder.shutil, "rmtree", lambda *_, **__: None)
        try:
            make(tmp_path, "first", overwrite)
            completed = True
        except Killed:
            completed = False
    complete = "manifest.json" in os.listdir(tmp_path)
    if complete:
        found, label = contents(tmp_path)
        expected = {"a", "x", "y"} if label == "old" else {"a", "b"}
        assert {name for name, text in found.items() if text == label} == expected | {"report.json"}
    assert complete or not completed
    make(tmp_path, "second", overwrite=overwrite or complete)
    found, label = contents(tmp_path)
    assert found.pop("b-00000-of-00001.tfrecord") == "someone else's"
    assert (found, label) == ({"a": "second", "b": "second", "report.json": "second"}, "second")
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


def test_two_runs_do_not_mix(tmp_path):
    with new_data_set(str(tmp_path), overwrite=False) as folder:
        with pytest.raises(UserError, match="Another run is writing"):
            make(tmp_path, "second")
        write_data_set(folder, "first")
    assert contents(tmp_path)[1] == "first"


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "records").write_text("")
    with pytest.raises(UserError, match="Cannot make the folder '.*records'"):
        make(tmp_path / "records", "new")


def refusing(function, name=""):
    """Stands for a folder without permissions, which do not bind the superuser."""

    def call(path, *arguments, ignore_errors=False, **options):
        if str(path).endswith(name) and not ignore_errors:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return function(path, *arguments, **options)

    return call


def test_a_folder_that_cannot_be_opened_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "open", refusing(os.open, tmp_path.name))
    with pytest.raises(UserError, match=f"{tmp_path.name}': Permission denied"):
        make(tmp_path, "new")


def test_remains_that_cannot_be_removed_are_named(tmp_path, monkeypatch):
    (tmp_path / ".unfinished").mkdir()
    monkeypatch.setattr(data_set_folder.shutil, "rmtree", refusing(lambda *_, **__: None))
    with pytest.raises(UserError, match="killed run left in '.*unfinished': Permission denied"):
        make(tmp_path, "new")


@pytest.mark.parametrize("target", ["elsewhere", "nowhere"])
def test_a_link_in_the_place_of_staging_is_not_followed(tmp_path, target):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine").write_text("mine")
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / ".unfinished").symlink_to(tmp_path / target)
    with pytest.raises(UserError, match="unfinished' is a link, .*; remove it"):
        make(tmp_path / "records", "new")
    assert (tmp_path / "elsewhere" / "mine").read_text() == "mine"


@pytest.mark.parametrize("letter", ["a", "ü", "漢"])
def test_the_name_of_a_split_fits_a_file_system(letter):
    size = len(letter.encode())
    check_split_names([letter * (200 // size)])
    with pytest.raises(UserError, match=f"'{letter * 40}' has {size * 90 + 120}") as caught:
        check_split_names(["val", letter * 90 + "x" * 120])
    assert len(str(caught.value)) < 200
