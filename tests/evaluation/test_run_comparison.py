"""Differences of runs, from folders to rows."""

import json
import shutil
import types

import pytest

from centernet_tf.config import load_config, save_config
from centernet_tf.errors import UserError
from centernet_tf.evaluation.coco_metrics import METRIC_NAMES
from centernet_tf.evaluation.errors import ImageErrors
from centernet_tf.evaluation.run_comparison import (
    class_rows,
    comparison_text,
    header,
    metric_rows,
    most_different,
    setting_rows,
)
from centernet_tf.evaluation.scored_run import read_runs


def write_run(folder, ap, overrides=(), classes=("cell",), detections=()):
    """Writes what a scored run leaves, all its metrics being `ap`, and returns its path."""
    (folder / "evaluation").mkdir(parents=True)
    save_config(load_config([], overrides), str(folder / "params.yaml"))
    per_class = {name: {"AP": ap, "num_objects": 3} for name in classes}
    metrics = {**dict.fromkeys(METRIC_NAMES, ap), "APs": -1.0, "per_class": per_class}
    metrics |= {"split": "train", "num_images": 9, "num_objects": 12}
    (folder / "evaluation/metrics.json").write_text(json.dumps(metrics))
    (folder / "evaluation/detections.json").write_text(json.dumps(list(detections)))
    return str(folder)


@pytest.fixture(name="runs")
def three_runs(tmp_path):
    return read_runs(
        [
            write_run(tmp_path / "a", 0.5),
            write_run(tmp_path / "b", 0.625, ["train.epochs=7"], ("cell", "ring")),
            write_run(tmp_path / "c", 0.25, ["train.optimizer.name=sgd"]) + "/",
        ]
    )


def test_rows_hold_values_and_differences_from_the_first(runs):
    assert header(runs, "metric") == ["metric", "a", "b", "difference", "c", "difference"]
    rows = {row[0]: row[1:] for row in metric_rows(runs)}
    assert list(rows) == list(METRIC_NAMES)
    assert rows["AP75"] == ["0.500", "0.625", "+0.125", "0.250", "-0.250"]
    assert rows["APs"] == ["-"] * 5
    assert class_rows(runs) == [
        ["cell", "0.500", "0.625", "+0.125", "0.250", "-0.250"],
        ["ring", "-", "0.625", "-", "-", "-"],
    ]


def test_only_settings_that_differ_are_listed(runs):
    assert setting_rows(runs) == [
        ["train.epochs", "140", "7", "140"],
        ["train.optimizer.name", "adam", "adam", "sgd"],
    ]
    assert setting_rows(runs[:1] * 2) == []


def test_the_text_for_the_terminal(runs):
    lines = comparison_text(runs).splitlines()
    assert lines[0].split() == ["metric", "a", "b", "difference", "c", "difference"]
    assert lines[1].split() == ["AP", "0.500", "0.625", "+0.125", "0.250", "-0.250"]
    assert any(line.split() == ["train.epochs", "140", "7", "140"] for line in lines)
    assert "setting" not in comparison_text(runs[:1] * 2)


def test_images_by_their_difference():
    def diagnosis(*images):
        return types.SimpleNamespace(images=[ImageErrors(*each) for each in images])

    one = diagnosis((4, 0, 0), (1, 1, 0), (0, 3, 0), (2, 2, 2))
    other = diagnosis((4, 0, 0), (2, 0, 0), (3, 0, 0), (2, 2, 2))
    assert most_different([one, other], 9) == [2, 1]
    assert most_different([one, other], 1) == [2]
    assert most_different([one, one], 5) == []


def test_runs_of_one_name_keep_their_paths(tmp_path):
    paths = [write_run(tmp_path / name / "run", 0.5) for name in ("x", "y")]
    assert [run.name for run in read_runs(paths)] == paths


def test_reads_the_scores_of_the_split_that_is_asked_for(tmp_path):
    path = write_run(tmp_path / "run", 0.5)
    shutil.copytree(tmp_path / "run/evaluation", tmp_path / "run/evaluation_dev")
    other = tmp_path / "run/evaluation_dev/metrics.json"
    other.write_text(other.read_text().replace("0.5", "0.75"))
    read = [read_runs([path], split)[0].metrics["AP"] for split in ("", "val", "dev")]
    assert read == [0.5, 0.5, 0.75]
    with pytest.raises(UserError, match="--split=none$"):
        read_runs([path], "none")


def test_an_unscored_folder_is_one_sentence(tmp_path):
    path = write_run(tmp_path / "run", 0.5)
    (tmp_path / "run/evaluation/metrics.json").unlink()
    with pytest.raises(UserError, match="pipelines.evaluate --model_dir="):
        read_runs([path])
    with pytest.raises(UserError, match="no model directory"):
        read_runs([str(tmp_path / "none")])


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda metrics: metrics.pop("AP50"), "AP50 is no number"),
        (lambda metrics: metrics.update(ARl="high"), "ARl is no number"),
        (lambda metrics: metrics.pop("per_class"), "it has no per_class"),
        (lambda metrics: metrics.update(per_class={"cell": 0.5}), "class 'cell' has no AP"),
    ],
)
def test_scores_that_lack_something_are_one_sentence(tmp_path, change, words):
    path = write_run(tmp_path / "run", 0.5)
    file = tmp_path / "run/evaluation/metrics.json"
    metrics = json.loads(file.read_text())
    change(metrics)
    file.write_text(json.dumps(metrics))
    with pytest.raises(UserError, match=f"metrics.json: .*{words}.* pipelines.evaluate"):
        read_runs([path])
    file.write_text("[]")
    with pytest.raises(UserError, match="metrics.json: it has no per_class"):
        read_runs([path])
