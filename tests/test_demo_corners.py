"""Detectors of corners go through the whole demonstration, inputs of an odd size among them."""

import json
import pathlib

import pytest

from centernet_tf.config import load_config
from centernet_tf.demo import run_demo

CONFIGS = pathlib.Path(__file__).parents[1] / "configs"
SMALL = (
    "{data: {input_size: [95, 95]}, model: {backbone: {width_multiplier: 0.25}, options: "
    "{pool_channels: 8, head_channels: 8}}, train: {global_batch_size: 8, epochs: 2, "
    "evaluate_every: 2}, evaluation: {batch_size: 4}}"
)


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("name", ["demo_cornernet", "demo_triplets"])
@pytest.mark.parametrize(
    "override",
    ["{evaluation: {flip: true}}", "{data: {input_size: [64, 64]}, runtime: {xla: 'on'}}"],
    ids=["flip", "xla"],
)
def test_the_demonstration_runs_with(tmp_path, capsys, name, override):
    config = load_config([str(CONFIGS / f"{name}.yaml")], [SMALL, override])
    summary = run_demo(config, str(tmp_path), 32, 8)
    assert capsys.readouterr().out.count("[5/5]") == 1
    assert 0.0 <= summary["AP"] <= 1.0
    for path in summary["artefacts"].values():
        assert (tmp_path / path).exists()
    lines = (tmp_path / "model/history.csv").read_text().splitlines()
    losses = [float(line.split(",")[2]) for line in lines[1:]]
    assert len(losses) == 2 and losses[1] < losses[0]
    with open(tmp_path / "model/evaluation/detections.json", encoding="utf-8") as stream:
        detections = json.load(stream)
    per_image = {}
    for found in detections:
        per_image.setdefault(found["image_id"], []).append(found["score"])
    assert per_image and all(len(scores) <= 50 for scores in per_image.values())


@pytest.mark.slow
@pytest.mark.nightly
def test_images_at_their_own_resolution_and_at_several_scales(tmp_path):
    config = load_config(
        [str(CONFIGS / "demo_cornernet.yaml")],
        [
            SMALL,
            "{train: {epochs: 1, evaluate_every: 1}, model: {options: {soft_nms: false}}}",
            "{evaluation: {resolution: keep, pad_multiple: 32, flip: true, scales: [0.5, 1.0]}}",
        ],
    )
    assert 0.0 <= run_demo(config, str(tmp_path), 16, 4)["AP"] <= 1.0
