"""Every other detector goes through the whole demonstration: no step knows which one it is."""

import json
import pathlib

import pytest

from centernet_tf.config import load_config
from centernet_tf.demo import run_demo

CONFIGS = pathlib.Path(__file__).parents[1] / "configs"
SMALL = (
    "{data: {input_size: [64, 64]}, model: {backbone: {width_multiplier: 0.25}, options: "
    "{tower_channels: 16, tower_depth: 1}}, evaluation: {batch_size: 4}, train: "
    "{global_batch_size: 8, epochs: 2, evaluate_every: 2, optimizer: {warmup_steps: 0}}}"
)


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize(
    "name,override",
    [
        ("demo_fcos", "{}"),
        ("demo_fcos", "{model: {options: {normalize_boxes: false, centerness_on: class}}}"),
        ("demo_centernet_update", "{}"),
        ("demo_centernet_update", "{model: {backbone: {name: lateral_resnet18}}}"),
    ],
    ids=["fcos_improved", "fcos_base", "update_pyramid", "update_single_level"],
)
def test_the_demonstration_runs_with(tmp_path, capsys, name, override):
    config = load_config([str(CONFIGS / f"{name}.yaml")], [SMALL, override])
    summary = run_demo(config, str(tmp_path), 32, 8)
    printed = capsys.readouterr().out
    assert printed.count("[5/5]") == 1
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
    assert all(len(scores) <= 50 for scores in per_image.values())
