"""The data set that an export is compared and calibrated with."""

import dataclasses

import pytest

from centernet_tf.export import job, tflite


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
