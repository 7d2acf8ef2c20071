"""What is no folder of versions is told with what to give instead."""

import pytest

from centernet_tf.errors import UserError
from centernet_tf.serving.base_folder import require_base_folder, without_version


def test_a_folder_of_versions_passes(tmp_path):
    require_base_folder(str(tmp_path))


@pytest.mark.parametrize(
    "name, sentence",
    [
        ("model.tflite", "model.tflite is a file; versions of a SavedModel are served"),
        ("nowhere", "There is no folder .*nowhere"),
        ("1", "is a version itself; give the folder that holds the versions"),
    ],
)
def test_anything_else_is_one_sentence(tmp_path, name, sentence):
    (tmp_path / "model.tflite").write_text("")
    (tmp_path / "1").mkdir()
    (tmp_path / "1/saved_model.pb").write_text("")
    with pytest.raises(UserError, match=sentence):
        require_base_folder(str(tmp_path / name))


def test_folders_below_that_have_versions_are_named(tmp_path):
    (tmp_path / "empty").mkdir()
    assert without_version(str(tmp_path)).endswith("export one with python -m pipelines.export.")
    for name in ("serving", "other"):
        (tmp_path / name / "3").mkdir(parents=True)
    said = without_version(str(tmp_path))
    assert said.endswith(f"give {tmp_path}/other or {tmp_path}/serving, which does.")
