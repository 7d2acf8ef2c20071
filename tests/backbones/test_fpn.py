"""The five levels: sizes, sources, strides of both kinds of bottleneck, XLA."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.backbones import build_backbone, build_pyramid
from centernet_tf.backbones.fpn import fpn
from centernet_tf.errors import UserError
from centernet_tf.layers.initializers import caffe2_xavier
from centernet_tf.settings import BackboneConfig

SIDES = ((9, 13), (5, 7), (3, 4))


def pyramid(extra_from="output", relu_before_p6=False, sides=SIDES):
    """A pyramid over three maps, with the coarsest map itself as its last output."""
    maps = [keras.Input([*side, 2 + i], name=f"c{3 + i}") for i, side in enumerate(sides)]
    start = keras.initializers.serialize(caffe2_xavier())
    return keras.Model(maps, fpn(maps, 4, extra_from, relu_before_p6, True, start))


def maps(rng, sides=SIDES):
    return [
        tf.constant(rng.normal(size=(1, *side, 2 + i)), tf.float32) for i, side in enumerate(sides)
    ]


def at(model, name):
    return keras.Model(model.input, model.get_layer(name).output)


def test_sides_are_rounded_up():
    assert [shape[1:3] for shape in pyramid().output_shape] == [*SIDES, (2, 2), (1, 1)]


@pytest.mark.parametrize("source", ["output", "lateral", "input"])
def test_extra_levels_come_from_where_they_should(rng, source):
    model = pyramid(source, relu_before_p6=source == "lateral")
    images = maps(rng)
    name = {"output": "fpn_output5", "lateral": "fpn_lateral5", "input": "c5"}[source]
    x = at(model, name)(images)

    def strided(x, layer):
        padded = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
        return tf.nn.conv2d(padded, layer.kernel, 2, "VALID") + layer.bias

    convolution = model.get_layer("fpn_output6")
    p6 = strided(tf.nn.relu(x) if source == "lateral" else x, convolution)
    levels = model(images)
    np.testing.assert_allclose(levels[3], p6, atol=1e-5)
    p7 = strided(tf.nn.relu(p6), model.get_layer("fpn_output7"))
    np.testing.assert_allclose(levels[4], p7, atol=1e-5)


def test_levels_are_laterals_and_what_is_coarser(rng):
    model = pyramid()
    images = maps(rng)
    lateral = {level: at(model, f"fpn_lateral{level}")(images).numpy() for level in (3, 4, 5)}

    def doubled(x, like):
        return x.repeat(2, axis=1).repeat(2, axis=2)[:, : like.shape[1], : like.shape[2]]

    merged = lateral[4] + doubled(lateral[5], lateral[4])
    merged = lateral[3] + doubled(merged, lateral[3])
    layer = model.get_layer("fpn_output3")
    expected = tf.nn.conv2d(merged, layer.kernel, 1, "SAME") + layer.bias
    np.testing.assert_allclose(model(images)[0], expected, atol=1e-5)


@pytest.mark.parametrize("sides", [SIDES, ((8, 12), (4, 6), (2, 3))])
def test_gradients_under_xla_and_saving(tmp_path, rng, sides):
    model = pyramid(sides=sides)
    images = maps(rng, sides)

    def gradients(*images):
        with tf.GradientTape() as tape:
            total = sum(tf.reduce_sum(level**2) for level in model(list(images)))
        return tape.gradient(total, model.trainable_variables)

    plain = gradients(*images)
    for one, other in zip(plain, tf.function(gradients, jit_compile=True)(*images)):
        np.testing.assert_allclose(one, other, atol=1e-4 * (1 + np.abs(one).max()))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for one, other in zip(model(images), again(images)):
        np.testing.assert_array_equal(one, other)


def build(name, size=(64, 96), **settings):
    images = keras.Input([*size, 3])
    config = BackboneConfig({"name": name, "width_multiplier": 0.1, **settings})
    return keras.Model(images, build_pyramid(config, images))


@pytest.mark.parametrize(
    ("name", "sides"), [("fpn_resnet50", (16, 8)), ("fpn_resnet50_caffe", (8, 8))]
)
def test_where_a_bottleneck_strides(name, sides):
    model = build(name, neck_channels=[8])
    found = [model.get_layer(f"stage2_block0_{i}_norm").output_shape[1] for i in (1, 2)]
    assert tuple(found) == sides
    assert model.output_shape[0] == (None, 8, 12, 8)


def test_names_of_the_other_kind_are_refused():
    images = keras.Input([64, 64, 3])
    with pytest.raises(UserError, match="'fpn_resnet50' gives a pyramid of maps"):
        build_backbone(BackboneConfig({"name": "fpn_resnet50"}), images)
    with pytest.raises(UserError, match="'res_18' gives one map at stride 4"):
        build_pyramid(BackboneConfig({"name": "res_18"}), images)
    with pytest.raises(UserError, match="neck_channels of 'fpn_resnet18' must have 1 value"):
        build("fpn_resnet18", neck_channels=[8, 8])
