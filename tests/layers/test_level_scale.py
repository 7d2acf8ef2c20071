"""The learnt factor: values, gradient, saving."""

import keras
import numpy as np
import tensorflow as tf

from centernet_tf.layers.level_scale import LevelScale


def test_multiplies_and_learns():
    layer = LevelScale(2.0)
    x = tf.constant([[1.0, -3.0]])
    with tf.GradientTape() as tape:
        y = layer(x)
    np.testing.assert_array_equal(y, [[2.0, -6.0]])
    assert tape.gradient(y, layer.scale) == -2.0
    assert layer.scale.shape == []


def test_half_precision():
    y = LevelScale(2.0, dtype="mixed_float16")(tf.constant([1.5], tf.float16))
    assert y.dtype == tf.float16 and y.numpy() == 3.0


def test_saved_and_loaded(tmp_path):
    inputs = keras.Input([3])
    layer = LevelScale(0.5)
    model = keras.Model(inputs, layer(inputs))
    layer.scale.assign(7.0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(tf.ones([1, 3])), [[7.0] * 3])
    assert loaded.layers[-1].initial == 0.5
