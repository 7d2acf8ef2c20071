"""Versions that appear whole or not at all."""

import os

import pytest

from centernet_tf.errors import UserError
from centernet_tf.export.version_folder import (
    incomplete_folder,
    publish,
    refuse_other_folder,
    version_folders,
)


def test_versions_are_numbered_folders(tmp_path):
    for name in ("10", "0009", "deploy", "incomplete-a-1", "٣"):
        (tmp_path / name).mkdir()
    (tmp_path / "11").write_text("a file")
    assert version_folders(str(tmp_path)) == [(9, "0009"), (10, "10")]


def test_a_number_that_no_server_takes_is_no_version(tmp_path):
    for name in ("3", str(2**63), "9" * 200):
        (tmp_path / name).mkdir()
    assert version_folders(str(tmp_path)) == [(3, "3")]
    with incomplete_folder(str(tmp_path)) as folder:
        assert publish(folder, str(tmp_path)) == str(tmp_path / "4")


def test_above_the_highest_number_nothing_is_published(tmp_path):
    (tmp_path / str(2**63 - 1)).mkdir()
    base = str(tmp_path)
    with pytest.raises(UserError, match="highest version .* 92233"), incomplete_folder(base) as new:
        publish(new, base)
    assert [path.name for path in tmp_path.iterdir()] == [str(2**63 - 1)]


@pytest.mark.parametrize(
    "names", [[], [".hidden"], ["photo.jpg", "1"], ["deploy", "notes.txt"], ["incomplete-a-1"]]
)
def test_exports_share_a_folder_with_exports(tmp_path, names):
    for name in names:
        (tmp_path / name).mkdir()
    refuse_other_folder(str(tmp_path))
    refuse_other_folder(str(tmp_path / "new"))


@pytest.mark.parametrize("names", [["photo.jpg"], ["params.yaml", "labels.json"]])
def test_a_folder_of_other_things_is_refused(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text("")
    said = f"the first is '{min(names)}'.*such as {tmp_path}/serving"
    with pytest.raises(UserError, match=said):
        refuse_other_folder(str(tmp_path))


def test_the_next_number_follows_one_with_zeros(tmp_path):
    (tmp_path / "0009").mkdir()
    with incomplete_folder(str(tmp_path)) as folder:
        assert publish(folder, str(tmp_path)) == str(tmp_path / "10")


def test_a_folder_is_no_version_before_it_is_published(tmp_path):
    served = str(tmp_path / "served")
    with incomplete_folder(served) as folder:
        assert version_folders(served) == []
        assert publish(folder, served) == os.path.join(served, "1")
    assert os.listdir(served) == ["1"]


def test_a_number_that_another_export_took_meanwhile_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").write_text("theirs")
    monkeypatch.setattr("centernet_tf.export.version_folder.version_folders", lambda _: [])
    with incomplete_folder(str(tmp_path)) as folder:
        assert publish(folder, str(tmp_path)) == str(tmp_path / "2")
    assert (tmp_path / "1" / "saved_model.pb").read_text() == "theirs"


def test_a_failure_leaves_nothing(tmp_path):
    for _ in range(2):
        with pytest.raises(UserError, match="no"), incomplete_folder(str(tmp_path / "a")) as folder:
            open(os.path.join(folder, "half"), "w").close()
            raise UserError("no")
        assert not (tmp_path / "a").exists()
