"""The five levels: sizes, sources, strides of both kinds of bottleneck, XLA."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.backbones import build_backbone, build_pyramid
from centernet_tf.errors import UserError
from centernet_tf.layers.initializers import caffe2_xavier
from centernet_tf.settings import BackboneConfig


def pyramid(name="fpn_resnet18", size=(64, 96), channels=(8,), **options):
    images = keras.Input([*size, 3])
    config = BackboneConfig({"name": name, "width_multiplier": 0.1, "neck_channels": channels})
    return keras.Model(images, build_pyramid(config, images, **options))


def test_sides_are_rounded_up():
    shapes = pyramid(size=(160, 224)).output_shape
    assert shapes == [
        (None, 20, 28, 8),
        (None, 10, 14, 8),
        (None, 5, 7, 8),
        (None, 3, 4, 8),
        (None, 2, 2, 8),
    ]


def test_sides_that_32_does_not_divide():
    model = pyramid(size=(None, None))
    shapes = [tuple(level.shape[1:3]) for level in model(tf.zeros([1, 72, 100, 3]))]
    assert shapes == [(9, 13), (5, 7), (3, 4), (2, 2), (1, 1)]


def at(model, name):
    return keras.Model(model.input, model.get_layer(name).output)


@pytest.mark.parametrize("source", ["output", "lateral", "input"])
def test_extra_levels_come_from_where_they_should(rng, source):
    model = pyramid(extra_from=source, relu_before_p6=source == "lateral")
    layer = {"output": "fpn_output5", "lateral": "fpn_lateral5", "input": "stage4_block1_relu"}
    images = tf.constant(rng.normal(size=(1, 64, 96, 3)), tf.float32)
    x = at(model, layer[source])(images)
    convolution = model.get_layer("fpn_output6")

    def strided(x, layer):
        padded = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
        return tf.nn.conv2d(padded, layer.kernel, 2, "VALID") + layer.bias

    p6 = strided(tf.nn.relu(x) if source == "lateral" else x, convolution)
    levels = model(images)
    np.testing.assert_allclose(levels[3], p6, atol=1e-5)
    p7 = strided(tf.nn.relu(p6), model.get_layer("fpn_output7"))
    np.testing.assert_allclose(levels[4], p7, atol=1e-5)


def test_levels_are_laterals_and_what_is_coarser(rng):
    model = pyramid()
    images = tf.constant(rng.normal(size=(1, 64, 96, 3)), tf.float32)
    lateral = {level: at(model, f"fpn_lateral{level}")(images).numpy() for level in (3, 4, 5)}
    merged = lateral[4] + lateral[5].repeat(2, axis=1).repeat(2, axis=2)
    merged = lateral[3] + merged.repeat(2, axis=1).repeat(2, axis=2)
    layer = model.get_layer("fpn_output3")
    expected = tf.nn.conv2d(merged, layer.kernel, 1, "SAME") + layer.bias
    np.testing.assert_allclose(model(images)[0], expected, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "strides"), [("fpn_resnet50", (1, 2)), ("fpn_resnet50_caffe", (2, 1))]
)
def test_where_a_bottleneck_strides(name, strides):
    model = pyramid(name)
    for stage in (2, 3, 4):
        found = [model.get_layer(f"stage{stage}_block0_{i}_conv").strides[0] for i in (1, 2)]
        assert tuple(found) == strides


def test_gradients_under_xla_and_saving(tmp_path, rng):
    model = pyramid(initializer=caffe2_xavier())
    images = tf.constant(rng.normal(size=(1, 64, 96, 3)), tf.float32)

    def gradients():
        with tf.GradientTape() as tape:
            total = sum(tf.reduce_sum(level**2) for level in model(images, training=False))
        return tape.gradient(total, model.trainable_variables)

    plain = tf.function(gradients)()
    for one, other in zip(plain, tf.function(gradients, jit_compile=True)()):
        np.testing.assert_allclose(one, other, atol=2e-4 * (1 + np.abs(one).max()))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for one, other in zip(model(images), again(images)):
        np.testing.assert_array_equal(one, other)


def test_names_of_the_other_kind_are_refused():
    images = keras.Input([64, 64, 3])
    with pytest.raises(UserError, match="'fpn_resnet50' gives a pyramid of maps"):
        build_backbone(BackboneConfig({"name": "fpn_resnet50"}), images)
    with pytest.raises(UserError, match="'res_18' gives one map at stride 4"):
        build_pyramid(BackboneConfig({"name": "res_18"}), images)
    with pytest.raises(UserError, match="neck_channels of 'fpn_resnet50' must have 1 values"):
        pyramid("fpn_resnet50", channels=(8, 8))
