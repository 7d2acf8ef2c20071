"""Group normalisation against a loop over groups; saving, half precision, TFLite."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.layers.group_norm import GroupNorm
from tests.ops.tflite_run import run_tflite


def naive_group_norm(x, groups, gamma, beta):
    x = x.astype(np.float64)
    y = np.empty_like(x)
    width = x.shape[-1] // groups
    for image in range(len(x)):
        for group in range(groups):
            part = x[image, :, :, group * width : (group + 1) * width]
            spread = np.sqrt(part.var() + 1e-5)
            y[image, :, :, group * width : (group + 1) * width] = (part - part.mean()) / spread
    return y * gamma + beta


@pytest.fixture(name="layer")
def make_layer(rng):
    layer = GroupNorm(4)
    layer.build([None, None, None, 12])
    layer.gamma.assign(rng.uniform(0.5, 2, 12))
    layer.beta.assign(rng.normal(size=12))
    return layer


def test_equals_the_naive_normalisation(layer, rng):
    x = np.float32(rng.normal(3, 2, [2, 5, 6, 12]))
    expected = naive_group_norm(x, 4, layer.gamma.numpy(), layer.beta.numpy())
    for function in (layer, tf.function(layer, jit_compile=True)):
        np.testing.assert_allclose(function(x), expected, atol=1e-4)
    found = run_tflite(lambda x: {"y": layer(x)}, x=x[:1])
    np.testing.assert_allclose(found["y"], expected[:1], atol=1e-4)


def test_large_half_precision_values_stay_finite(layer):
    x = tf.constant(np.linspace(-6e4, 6e4, 32 * 32 * 12).reshape(1, 32, 32, 12), tf.float16)
    y = GroupNorm(4, dtype="mixed_float16")(x)
    assert y.dtype == tf.float16 and np.isfinite(y.numpy()).all()


def test_channels_must_part_into_groups():
    with pytest.raises(ValueError, match="10 channels do not part into 4 groups"):
        GroupNorm(4)(tf.zeros([1, 2, 2, 10]))


def test_saved_and_loaded(layer, rng, tmp_path):
    images = keras.Input([None, None, 12])
    model = keras.Model(images, layer(images))
    model.save(tmp_path / "model.keras")
    x = np.float32(rng.normal(size=[1, 4, 4, 12]))
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(x), model(x))
    assert (loaded.layers[-1].groups, loaded.layers[-1].epsilon) == (4, 1e-5)
