"""What is frozen stays as it was in training, and what is not moves."""

import keras
import numpy as np
import pytest

from centernet_tf.config import load_config
from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError
from centernet_tf.training.freezing import freeze


@pytest.fixture(name="network")
def build_network():
    override = "model: {backbone: {name: res_18, width_multiplier: 0.05}}"
    config = load_config([], [override, "data: {input_size: [64, 64]}"])
    return make_detector(config, 2).build()


def parts(variables):
    return {variable.name.split("_")[0] for variable in variables}


def test_stem_and_first_stages(network):
    told = freeze(network, 2, batch_norm=False)
    assert {"stem", "stage1", "stage2"}.isdisjoint(parts(network.trainable_variables))
    assert {"stage3", "stage4", "neck0", "heatmap"} <= parts(network.trainable_variables)
    assert told.startswith("Frozen: 30 variables of ")
    assert told.endswith(" parameters.")


def test_statistics_of_frozen_stages_stay(network, rng):
    freeze(network, 1, batch_norm=False)
    before = [value.copy() for value in network.get_weights()]
    network(rng.normal(size=[2, 64, 64, 3]).astype(np.float32), training=True)
    moved = {
        variable.name
        for variable, old in zip(network.weights, before)
        if not np.array_equal(variable, old)
    }
    assert "stage2_block0_1_norm/moving_mean:0" in moved
    assert not {name for name in moved if name.startswith(("stem", "stage1"))}


def test_every_batch_normalisation(network, rng):
    freeze(network, 0, batch_norm=True)
    assert not any("norm" in variable.name for variable in network.trainable_variables)
    assert any("stem_conv/kernel" in variable.name for variable in network.trainable_variables)
    before = network.get_weights()
    network(rng.normal(size=[2, 64, 64, 3]).astype(np.float32), training=True)
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_nothing_and_too_much(network):
    count = len(network.trainable_variables)
    assert freeze(network, 0, batch_norm=False) == ""
    assert len(network.trainable_variables) == count
    with pytest.raises(UserError, match="freeze_backbone_stages is 5, but .* has 4 stages"):
        freeze(network, 5, batch_norm=False)
    images = keras.Input([2])
    plain = keras.Model(images, keras.layers.Dense(1)(images), name="plain")
    with pytest.raises(UserError, match="the backbone of plain has 0 stages"):
        freeze(plain, 1, batch_norm=False)
