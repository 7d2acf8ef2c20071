"""A folder of predictions is complete, replaced on request alone, or untouched."""

import json

import pytest

from centernet_tf.errors import UserError
from centernet_tf.export.result_folder import complete_or_nothing


def write(output_dir, names, overwrite=False):
    with complete_or_nothing(str(output_dir), overwrite) as folder:
        staged = type(output_dir)(folder)
        (staged / "drawn").mkdir()
        for name in names:
            (staged / "drawn" / name).write_text("picture")
        images = [{"drawn": f"drawn/{name}"} for name in names]
        (staged / "predictions.json").write_text(json.dumps({"images": images}))


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_predictions_are_not_written_over(tmp_path):
    write(tmp_path / "out", ["a.jpg"])
    with pytest.raises(UserError, match="holds predictions already; give --overwrite"):
        write(tmp_path / "out", ["b.jpg"])
    assert files(tmp_path) == ["out/drawn/a.jpg", "out/predictions.json"]


def test_on_request_they_are_replaced_and_other_files_stay(tmp_path):
    out = tmp_path / "out"
    write(out, ["a.jpg", "b.jpg"])
    (out / "drawn" / "a.jpg").unlink()
    (out / "drawn" / "mine.jpg").write_text("mine")
    (out / "notes.txt").write_text("mine")
    write(out, ["c.jpg"], overwrite=True)
    assert files(out) == ["drawn/c.jpg", "drawn/mine.jpg", "notes.txt", "predictions.json"]


def test_pictures_outside_the_folder_are_never_removed(tmp_path):
    out = tmp_path / "out"
    write(out, ["a.jpg"])
    (tmp_path / "a.jpg").write_text("mine")
    (out / "predictions.json").write_text(json.dumps({"images": [{"drawn": "../../a.jpg"}]}))
    write(out, ["c.jpg"], overwrite=True)
    assert (tmp_path / "a.jpg").read_text() == "mine"


@pytest.mark.parametrize("text", ["{", "[]", '{"images": 3}'])
def test_damaged_predictions_can_be_replaced(tmp_path, text):
    out = tmp_path / "out"
    write(out, ["a.jpg"])
    (out / "predictions.json").write_text(text)
    write(out, ["c.jpg"], overwrite=True)
    assert "drawn/c.jpg" in files(out)


def test_a_picture_of_somebody_else_is_not_written_over(tmp_path):
    out = tmp_path / "out"
    (out / "drawn").mkdir(parents=True)
    (out / "drawn" / "a.jpg").write_text("mine")
    with pytest.raises(UserError, match=r"drawn/a.jpg: it is no picture of earlier predictions"):
        write(out, ["a.jpg"])
    assert (out / "drawn" / "a.jpg").read_text() == "mine" and files(tmp_path) == [
        "out/drawn/a.jpg"
    ]


def test_faults_of_the_work_are_not_taken_for_faults_of_writing(tmp_path):
    with pytest.raises(ConnectionError), complete_or_nothing(str(tmp_path / "out")):
        raise ConnectionError


def test_a_failed_run_leaves_the_earlier_predictions(tmp_path):
    write(tmp_path / "out", ["a.jpg"])
    with pytest.raises(KeyError), complete_or_nothing(str(tmp_path / "out"), True):
        raise KeyError
    assert files(tmp_path) == ["out/drawn/a.jpg", "out/predictions.json"]
