"""Blocks and widths of the hourglass; values are held against the original's elsewhere."""

import keras
import numpy as np
import tensorflow as tf

from centernet_tf.backbones.hourglass import hourglass

CHANNELS, BLOCKS = (4, 4, 6, 6, 6, 8), (2, 1, 1, 1, 2, 3)


def build(size, stacks=1):
    images = keras.Input([*size, 3])
    return keras.Model(images, hourglass(images, stacks, CHANNELS, BLOCKS, 5))


def widths(model, prefix):
    """Output channels of the residual blocks whose names begin so."""
    names = [f"{prefix}_{i}_relu" for i in range(9)]
    present = {layer.name: layer for layer in model.layers}
    return [present[name].output_shape[-1] for name in names if name in present]


def test_one_map_a_stack_and_blocks_of_each_level():
    model = build((128, 128), stacks=2)
    assert model.output_shape == [(None, 32, 32, 5)] * 2
    for stack in ("hourglass0", "hourglass1"):
        assert widths(model, f"{stack}_up1") == [4, 4]
        assert widths(model, f"{stack}_low2_low1") == [6]
        assert widths(model, f"{stack}_low2_low3") == [4]
        # The width changes in the first block on the way down, in the last on the way up.
        bottom = f"{stack}_low2_low2_low2_low2"
        assert widths(model, f"{bottom}_low1") == [8, 8]
        assert widths(model, f"{bottom}_low2") == [8, 8, 8]
        assert widths(model, f"{bottom}_low3") == [8, 6]
        assert model.get_layer(f"{bottom}_low1_0_relu").output_shape[1:3] == (1, 1)


def test_sides_that_halve_unevenly():
    model = build((120, 88))
    images = tf.random.stateless_normal([1, 120, 88, 3], [5, 6])
    assert np.isfinite(model(images).numpy()).all()
    assert model.output_shape == (None, 30, 22, 5)
