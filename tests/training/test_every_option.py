"""One short run of every setting that changes training: finite, and better at the end."""

import json

import numpy as np
import pytest

from centernet_tf.config import load_config
from centernet_tf.training.model_dir import load_trained
from centernet_tf.training.train import train

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

ADAM = {"name": "adam", "learning_rate": 1e-3, "drop_epochs": []}
SGD = {"name": "sgd", "learning_rate": 0.01, "clip_norm": 35.0, "drop_epochs": []}
OPTIONS = {
    "adam": {},
    "adamw": {"optimizer": {**ADAM, "name": "adamw", "weight_decay": 0.01}},
    "sgd": {"optimizer": {**SGD, "weight_decay": 1e-4}},
    "sgd without decay of norms": {
        "optimizer": {**SGD, "weight_decay": 1e-4, "decay_norm": False, "decay_bias": False}
    },
    "step": {"optimizer": {**ADAM, "drop_epochs": [3]}},
    "cosine": {"optimizer": {**ADAM, "schedule": "cosine"}},
    "polynomial": {"optimizer": {**ADAM, "schedule": "polynomial", "power": 0.9}},
    "warm-up": {"optimizer": {**ADAM, "warmup_steps": 4}},
    "clip_norm": {"optimizer": {**ADAM, "clip_norm": 5.0}},
    "clip_value": {"optimizer": {**ADAM, "clip_value": 0.5}},
    "accumulation": {"accumulation_steps": 2},
    "ema": {"ema_decay": 0.9},
    "frozen batch norm": {"freeze_batch_norm": True},
    "frozen stages": {"freeze_backbone_stages": 1},
    "bfloat16": {"precision": "bfloat16"},
    "float16": {"precision": "float16"},
    "xla": {"xla": "on"},
    "synchronised": {"sync_batch_norm": True},
    "all at once": {
        "optimizer": {**SGD, "weight_decay": 1e-4, "schedule": "cosine", "warmup_steps": 4},
        "precision": "bfloat16",
        "xla": "on",
        "accumulation_steps": 2,
        "ema_decay": 0.9,
        "freeze_backbone_stages": 1,
    },
}


def settings(records, option):
    runtime = {key: option[key] for key in ("precision", "xla") if key in option}
    model = {key: option[key] for key in ("sync_batch_norm",) if key in option}
    named = {**runtime, **model}
    rest = {key: value for key, value in option.items() if key not in named}
    rest = {"epochs": 4, "repeats_per_epoch": 2, "global_batch_size": 4, "optimizer": ADAM, **rest}
    layers = {"train": rest, "runtime": runtime, "model": model}
    return load_config(
        [],
        [
            f"data: {{path: '{records}', input_size: [64, 64], max_boxes: 8}}",
            "data: {augmentation: {recipe: none}}",
            "model: {backbone: {name: lateral_resnet18_dcn, width_multiplier: 0.1}}",
            "model: {options: {max_detections: 20}}",
            *(json.dumps({key: value}) for key, value in layers.items()),
        ],
    )


@pytest.mark.parametrize("name", OPTIONS)
def test_the_loss_falls(records, tmp_path, name):
    config = settings(records, OPTIONS[name])
    train(config, str(tmp_path), evaluate_between=False)
    lines = (tmp_path / "history.csv").read_text().splitlines()
    place = lines[0].split(",").index("loss")
    losses = [float(line.split(",")[place]) for line in lines[1:]]
    assert len(losses) == 4
    assert np.isfinite(losses).all()
    assert losses[-1] < 0.9 * losses[0]
    trained = load_trained(str(tmp_path))
    assert trained.weights == ("ema" if config.train.ema_decay else "trained")
    for variable in trained.network.variables:
        assert np.isfinite(variable.numpy()).all(), variable.name
