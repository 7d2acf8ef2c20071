"""Heads that levels share: one set of weights, float32 maps in half precision, units, saving."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.layers.pyramid_head import distance_maps, logit_maps, tower

UNITS = (8.0, 16.0)


def build(activation="relu"):
    """A head of two levels: towers of two layers, three classes, distances."""
    inputs = [keras.Input([None, None, 6]) for _ in UNITS]
    levels = tower(inputs, 8, 2, 4, False, "any")
    outputs = logit_maps(levels, 3, -2.0, "class", first_level=4)
    outputs.update(distance_maps(levels, activation, UNITS, 1.0, "box", first_level=4))
    return keras.Model(inputs, outputs)


def levels_of_noise(dtype=tf.float32):
    noise = [tf.random.stateless_normal([2, side, side, 6], [side, 1]) for side in (6, 3)]
    return [tf.cast(level, dtype) for level in noise]


def test_levels_share_all_but_the_factors():
    model = build()
    names = sorted(weight.name for weight in model.weights)
    assert names == sorted(
        [f"any{i}_conv/kernel:0" for i in (0, 1)]
        + [f"any{i}_norm/{part}:0" for i in (0, 1) for part in ("gamma", "beta")]
        + [f"{name}_conv/{part}:0" for name in ("class", "box") for part in ("kernel", "bias")]
        + [f"box_scale{level}/scale:0" for level in (4, 5)]
    )
    assert set(model(levels_of_noise())) == {"class_p4", "class_p5", "box_p4", "box_p5"}
    same = levels_of_noise()[:1] * 2
    outputs = model(same)
    np.testing.assert_array_equal(outputs["class_p4"], outputs["class_p5"])
    np.testing.assert_allclose(2 * outputs["box_p4"], outputs["box_p5"], rtol=1e-6)


def test_start_values_and_units():
    outputs = build()(levels_of_noise())
    assert abs(np.mean(outputs["class_p4"]) + 2.0) < 0.1
    # A bias of 1 is one unit.
    assert abs(np.mean(outputs["box_p4"]) - 8.0) < 0.8
    assert abs(np.mean(outputs["box_p5"]) - 16.0) < 1.6
    exponential = build("exponential")(levels_of_noise())
    assert abs(np.mean(exponential["box_p4"]) - 8.0 * np.e) < 2.0


@pytest.mark.parametrize("activation", ["relu", "exponential"])
def test_half_precision_gives_finite_float32_maps(activation):
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = build(activation)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    # exp(14) is beyond float16.
    model.get_layer("box_conv").bias.assign([14.0] * 4)
    outputs = model(levels_of_noise(tf.float16))
    assert {value.dtype for value in outputs.values()} == {tf.float32}
    assert all(np.isfinite(value).all() for value in outputs.values())


def test_saved_and_loaded(tmp_path):
    model = build()
    model.save(tmp_path / "head.keras")
    loaded = keras.models.load_model(tmp_path / "head.keras")
    for name, value in loaded(levels_of_noise()).items():
        np.testing.assert_array_equal(value, model(levels_of_noise())[name])
