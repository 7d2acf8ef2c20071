"""The training job on a small drawn data set: files, resuming, and what it refuses."""

import csv
import json

import numpy as np
import pytest

from centernet_tf.config import load_config
from centernet_tf.errors import UserError
from centernet_tf.training.model_dir import load_trained, read_config
from centernet_tf.training.train import run_job, train


def settings(records, **train_settings):
    overrides = {"epochs": 2, "global_batch_size": 4, "evaluate_every": 1, **train_settings}
    return load_config(
        [],
        [
            f"data: {{path: '{records}', input_size: [64, 64], max_boxes: 8}}",
            "model: {backbone: {name: mmdet_resnet18_dcn, width_multiplier: 0.1}}",
            "model: {options: {max_detections: 20}}",
            f"train: {json.dumps(overrides)}",
            "train: {optimizer: {drop_epochs: [1]}}",
        ],
    )


def test_a_run_leaves_everything_a_reader_needs(records, tmp_path, capsys):
    model_dir = str(tmp_path / "model")
    metrics = run_job(settings(records), model_dir)
    assert {"AP", "AP50", "per_class"} <= set(metrics)
    assert read_config(model_dir).as_dict() == settings(records).as_dict()
    with open(tmp_path / "model/history.csv", encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    assert [line["epoch"] for line in lines] == ["1", "2"]
    assert [line["step"] for line in lines] == ["3", "6"]
    assert float(lines[0]["learning_rate"]) == pytest.approx(5e-4)
    assert float(lines[1]["learning_rate"]) == pytest.approx(5e-5)
    assert all(0 < float(line["loss"]) < 100 for line in lines)
    assert "AP50" in lines[0]
    assert all(float(line["images_per_second"]) > 0 for line in lines)
    assert all(0 <= float(line["data_wait"]) < 1 for line in lines)
    assert all(0 < float(line["gradient_norm"]) < 1e6 for line in lines)
    assert list((tmp_path / "model/tensorboard").iterdir())
    trained = load_trained(model_dir)
    assert trained.step == 6
    assert [category.name for category in trained.categories] == [
        "circle",
        "square",
        "triangle",
        "star",
    ]
    output = capsys.readouterr().out
    assert "XLA off" in output
    assert output.index("epoch 1/2: loss ") < output.index("epoch 1: AP")


@pytest.mark.slow
def test_a_run_continued_equals_one_in_one_piece(records, tmp_path, capsys):
    whole, pieces = str(tmp_path / "whole"), str(tmp_path / "pieces")
    train(settings(records), whole, evaluate_between=False)
    train(settings(records, epochs=1), pieces, evaluate_between=False)
    train(settings(records), pieces, evaluate_between=False)
    assert "Resuming" in capsys.readouterr().out
    for one, other in zip(
        load_trained(whole).network.weights, load_trained(pieces).network.weights
    ):
        np.testing.assert_array_equal(one, other, err_msg=one.name)
    with open(tmp_path / "pieces/history.csv", encoding="utf-8") as stream:
        assert [line["epoch"] for line in csv.DictReader(stream)] == ["1", "2"]
    train(settings(records), pieces, evaluate_between=False)
    assert "nothing to train" in capsys.readouterr().out


def test_what_does_not_fit_is_refused(records, tmp_path):
    model_dir = str(tmp_path / "model")
    train(settings(records, epochs=1), model_dir, evaluate_between=False)
    other = load_config(
        [], [f"data.path={records},train.global_batch_size=4", "model.backbone.name=res_18"]
    )
    with pytest.raises(
        UserError, match="holds a run with model.backbone.name = mmdet_resnet18_dcn"
    ):
        train(other, model_dir, evaluate_between=False)
    with pytest.raises(UserError, match="model.num_classes is 3.*has 4 classes.*set it to 4"):
        train(
            load_config([], [f"data.path={records}", "model.num_classes=3"]),
            str(tmp_path / "new"),
            evaluate_between=False,
        )
    assert not (tmp_path / "new").exists()
    with pytest.raises(UserError, match="data.path is not set"):
        train(load_config([]), str(tmp_path / "new"), evaluate_between=False)
    with pytest.raises(UserError, match="is no model directory"):
        run_job(settings(records), str(tmp_path / "new"), "eval")
    (tmp_path / "model/checkpoints/checkpoint").unlink()
    with pytest.raises(UserError, match="holds no checkpoint"):
        load_trained(model_dir)


@pytest.mark.slow
def test_heat_maps_drawn_on_the_device_train_the_same(records, tmp_path):
    host = settings(records, epochs=1)
    device = host.replace(model={"options": {"heatmap_on": "device"}})
    train(host, str(tmp_path / "host"), evaluate_between=False)
    train(device, str(tmp_path / "device"), evaluate_between=False)
    pairs = (load_trained(str(tmp_path / name)).network.weights for name in ("host", "device"))
    for one, other in zip(*pairs, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5, err_msg=one.name)
