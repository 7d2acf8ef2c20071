"""Every kind of backbone goes through the whole demonstration: loss falls, both exports agree."""

import pathlib

import pytest

from centernet_tf.config import load_config
from centernet_tf.demo import run_demo

CONFIG = pathlib.Path(__file__).parents[1] / "configs/demo_shapes.yaml"
SMALL = (
    "{data: {input_size: [64, 64]}, model: {options: {head_channels: 16}}, evaluation: "
    "{batch_size: 4}, train: {global_batch_size: 8, epochs: 6, evaluate_every: 6, optimizer: "
    "{learning_rate: 0.002, warmup_steps: 0}}}"
)
BACKBONES = {
    "res_18": "width_multiplier: 0.25",
    "resdcn_18": "width_multiplier: 0.25",
    "mmdet_resnet18": "width_multiplier: 0.25",
    "mmdet_resnet50_dcn": "width_multiplier: 0.125, dcn_stages: [3, 4, 5]",
    "dla_34": "width_multiplier: 0.25",
    "dlav0_34": "width_multiplier: 0.25",
    "hourglass_52": "width_multiplier: 0.04, level_blocks: [1, 1, 1, 1, 1, 1]",
    "hourglass_104": "width_multiplier: 0.04, level_blocks: [1, 1, 1, 1, 1, 1]",
    "mobilenetv2": "width_multiplier: 0.35",
    "mobilenetv3_small": "width_multiplier: 0.5",
    "mobilenetv3_large": "width_multiplier: 0.35",
}


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("name", BACKBONES)
def test_the_demonstration_runs_with(tmp_path, name):
    overrides = [SMALL, f"{{model: {{backbone: {{name: {name}, {BACKBONES[name]}}}}}}}"]
    if name.startswith("hourglass"):
        overrides.append("{data: {input_size: [128, 128]}}")
    config = load_config([str(CONFIG)], overrides)
    # Fewer steps leave the heat-map so flat that rounding picks other cells in TFLite.
    summary = run_demo(config, str(tmp_path), 64, 8)
    # Both exports were compared with the network before they were kept.
    for path in summary["artefacts"].values():
        assert (tmp_path / path).exists()
    lines = (tmp_path / "model/history.csv").read_text().splitlines()
    column = lines[0].split(",").index("loss")
    losses = [float(line.split(",")[column]) for line in lines[1:]]
    assert len(losses) == 6 and losses[-1] < 0.9 * losses[0]
