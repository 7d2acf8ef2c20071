"""What one run of an export takes and says."""

import dataclasses
import shutil

import pytest

from centernet_tf.export import companion_files, job, tflite


class Reached(Exception):
    """Stands for the conversion."""


@pytest.mark.parametrize("data_dir, path", [("", "where/it/was"), ("moved", "moved")])
def test_the_data_set_may_have_moved(trained, monkeypatch, data_dir, path):
    config = trained.config.replace(data={"path": "where/it/was"})
    given = dataclasses.replace(trained, config=config)

    def export(passed, *_):
        raise Reached(passed.config.data.path)

    monkeypatch.setattr(job, "load_trained", lambda *_: given)
    monkeypatch.setattr(tflite, "export_tflite", export)
    with pytest.raises(Reached, match=f"^{path}$"):
        job.run_export("model", "tflite", "a.tflite", data_dir=data_dir)


def test_says_what_it_replaced(trained, monkeypatch, tflite_paths, tmp_path):
    for ending in (companion_files.REPORT, companion_files.METADATA):
        shutil.copy(tflite_paths["int8"].replace(".tflite", ending), tmp_path / f"a{ending}")
    monkeypatch.setattr(job, "load_trained", lambda *_: trained)
    monkeypatch.setattr(tflite, "export_tflite", lambda _, path, *__: path)
    said = job.run_export("model", "tflite", f"{tmp_path}/a.tflite").splitlines()[-1]
    assert f"a.tflite. It replaced that of step {trained.step} (int8, full). It was comp" in said
    (tmp_path / f"a{companion_files.METADATA}").unlink()
    assert "It replaced" not in job.run_export("model", "tflite", f"{tmp_path}/a.tflite")
