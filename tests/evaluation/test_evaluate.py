"""From a trained model to metrics on disk."""

import json
import types

import pytest

from centernet_tf.config import load_config
from centernet_tf.data.annotations import Category
from centernet_tf.errors import UserError
from centernet_tf.evaluation import evaluate as module
from centernet_tf.evaluation.metrics_table import metrics_table
from centernet_tf.evaluation.result_files import write_results
from tests.evaluation import fakes


@pytest.fixture
def trained(tmp_path, monkeypatch):
    monkeypatch.setattr(
        module.input_pipeline, "eval_dataset", lambda *arguments: fakes.batches(), raising=False
    )
    monkeypatch.setattr(
        module.input_pipeline, "read_annotations", lambda *_: fakes.annotations(), raising=False
    )
    return types.SimpleNamespace(
        network=fakes.fake_network,
        detector=fakes.FakeDetector(),
        config=load_config([], ["evaluation.report=false"]),
        categories=fakes.CATEGORIES,
        step=40,
        weights="ema",
        model_dir=str(tmp_path),
    )


def test_writes_metrics_and_detections(trained, tmp_path, capsys):
    metrics = module.evaluate(trained, fakes.manifest())
    assert metrics["per_class"]["cell"]["AP"] == pytest.approx(1.0)
    assert metrics["per_class"]["platelet"]["AP"] == -1.0
    assert (metrics["split"], metrics["step"], metrics["num_images"]) == ("val", 40, 3)
    assert metrics["weights"] == "ema"
    folder = tmp_path / "evaluation"
    assert (
        "3 images of 'val' at step 40 (averaged weights); metrics.json and detections.json are in "
        f"{folder}"
    ) in capsys.readouterr().out
    assert sorted(path.name for path in folder.iterdir()) == ["detections.json", "metrics.json"]
    assert json.loads((folder / "metrics.json").read_text()) == metrics
    assert len(json.loads((folder / "detections.json").read_text())) == 6


def test_another_split_leaves_the_scores_of_the_experiments_own(trained, tmp_path):
    module.evaluate(trained, fakes.manifest())
    trained.config.data.eval_split = "dev"
    module.evaluate(trained, fakes.manifest(), "val")
    for folder in ("evaluation", "evaluation_val"):
        metrics = json.loads((tmp_path / folder / "metrics.json").read_text())
        assert metrics["split"] == "val"


def test_the_report_of_an_earlier_evaluation_goes(trained, tmp_path):
    folder = tmp_path / "evaluation"
    folder.mkdir()
    (folder / "report.html").write_text("of other weights")
    (folder / "notes.txt").write_text("kept")
    module.evaluate(trained, fakes.manifest())
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["detections.json", "metrics.json", "notes.txt"]


def test_evaluate_network_writes_nothing(trained, tmp_path):
    metrics, detections, *_ = module.evaluate_network(
        trained.network, trained.detector, trained.config, fakes.manifest(), progress=True
    )
    assert (metrics["AP"], len(detections)) == (pytest.approx(1.0), 6)
    assert not list(tmp_path.iterdir())


def test_other_classes_are_refused(trained, tmp_path):
    with pytest.raises(UserError, match="only the model has 'platelet'"):
        module.evaluate(trained, fakes.manifest(fakes.CATEGORIES[:1]))
    assert not list(tmp_path.iterdir())


def test_the_same_classes_of_other_ids_are_matched_by_name(trained, capsys):
    """The annotations have 3 for cells, so a model that has 0 finds them by their name alone."""
    trained.categories = (Category(0, "cell"), Category(1, "platelet"))
    metrics = module.evaluate(trained, fakes.manifest(fakes.CATEGORIES[::-1]))
    assert metrics["per_class"]["cell"]["AP"] == pytest.approx(1.0)
    assert "of some/data have other ids than the model's" in capsys.readouterr().out
    trained.categories = fakes.CATEGORIES
    module.evaluate(trained, fakes.manifest(fakes.CATEGORIES[::-1]))
    assert "other ids" not in capsys.readouterr().out


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="Cannot write the evaluation to"):
        write_results(str(tmp_path / "file" / "evaluation"), {}, [])


def test_table_shows_every_class_and_dashes(trained):
    table = metrics_table(module.evaluate(trained, fakes.manifest()))
    lines = table.splitlines()
    assert lines[0].split()[:3] == ["AP", "AP50", "AP75"]
    assert lines[1].split()[:2] == ["1.000", "1.000"]
    assert lines[-1].split() == ["platelet", "-", "-", "-", "-", "0"]
    assert max(map(len, lines)) <= 100
