"""The files that travel with an export."""

import copy
import dataclasses
import json
import os

import pytest

from centernet_tf.config import load_config
from centernet_tf.export.assets import data_card, write_assets
from centernet_tf.export.comparison import Difference
from centernet_tf.export.options import ExportOptions

MANIFEST = {
    "format_version": 1,
    "categories": [{"id": 3, "name": "disc"}, {"id": 7, "name": "cell"}],
    "splits": {
        "train": {"num_examples": 5, "num_boxes": 9, "shards": []},
        "val": {"num_examples": 2, "num_boxes": 3, "shards": []},
    },
    "options": {},
}
REPORT = {"train": {"boxes_by_class": {"disc": 8, "cell": 1}}}


@pytest.fixture
def data_dir(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(MANIFEST))
    (folder / "report.json").write_text(json.dumps(REPORT))
    return folder


def test_the_card_counts_boxes_of_classes_where_they_are_known(data_dir):
    assert data_card(str(data_dir)) == {
        "categories": ["disc", "cell"],
        "splits": {
            "train": {"images": 5, "boxes": 9, "boxes_by_class": {"disc": 8, "cell": 1}},
            "val": {"images": 2, "boxes": 3},
        },
    }
    (data_dir / "report.json").unlink()
    assert data_card(str(data_dir))["splits"]["train"] == {"images": 5, "boxes": 9}
    assert data_card("no/data/here") == {}


def test_all_that_is_known_is_written(trained, tmp_path, data_dir):
    metrics = {"step": 12, "weights": "trained", "AP": 0.5}
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation" / "metrics.json").write_text(json.dumps(metrics))
    config = copy.deepcopy(trained.config)
    config.data.path = str(data_dir)
    trained = dataclasses.replace(trained, model_dir=str(tmp_path), config=config)
    difference = Difference(0.01, 1e-5, 4, 30)
    write_assets(
        trained, str(tmp_path / "1"), ExportOptions(flip_test=True), difference, "4 images"
    )
    assets = tmp_path / "1" / "assets"
    assert sorted(os.listdir(assets)) == [
        "data_card.json",
        "labels.json",
        "metadata.json",
        "metrics.json",
        "params.yaml",
    ]
    assert json.loads((assets / "metrics.json").read_text()) == metrics
    assert load_config([str(assets / "params.yaml")]).as_dict() == config.as_dict()
    description = json.loads((assets / "metadata.json").read_text(encoding="utf-8"))
    assert description["options"]["flip_test"] is True
    assert description["check"]["num_detections"] == 30
    assert description["image_status"]["2"].startswith("has more pixels")


def test_what_is_not_known_is_left_out(trained, tmp_path):
    write_assets(trained, str(tmp_path), ExportOptions(), Difference(0.0, 0.0, 1, 1), "1 image")
    assert sorted(os.listdir(tmp_path / "assets")) == [
        "labels.json",
        "metadata.json",
        "params.yaml",
    ]


@pytest.mark.parametrize(
    "text, told",
    [
        ('{"step": 30, "weights": "trained"}', "step 30 (trained weights)"),
        ('{"step": 12, "weights": "ema"}', "step 12 (ema weights)"),
        ('{"AP": 0.5}', "step None"),
        ("{", "step None"),
    ],
)
def test_metrics_of_other_weights_are_left_out(trained, tmp_path, capsys, text, told):
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation" / "metrics.json").write_text(text)
    trained = dataclasses.replace(trained, model_dir=str(tmp_path))
    write_assets(trained, str(tmp_path), ExportOptions(), Difference(0.0, 0.0, 1, 1), "1 image")
    assert "metrics.json" not in os.listdir(tmp_path / "assets")
    said = capsys.readouterr().out
    assert told in said and "the export of step 12 (trained weights)" in said
