"""MobileNets of keras.applications: strides, statistics that follow, images of any size."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.backbones.mobilenet import mobilenet
from centernet_tf.layers.conv_norm import synchronized_batch_norm


def trunk(name, size):
    images = keras.Input([*size, 3])
    return keras.Model(images, mobilenet(images, name, 0.35))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("mobilenetv2", marks=pytest.mark.slow),
        "mobilenetv3_small",
        pytest.param("mobilenetv3_large", marks=pytest.mark.slow),
    ],
)
def test_strides_and_statistics(name):
    model = trunk(name, (64, 96))
    sides = [(64 // stride, 96 // stride) for stride in (4, 8, 16, 32)]
    assert [shape[1:3] for shape in model.output_shape] == sides
    norms = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert norms and all(layer.momentum == 0.9 for layer in norms)
    assert not any(layer.synchronized for layer in norms)
    assert not any(isinstance(layer, keras.layers.Rescaling) for layer in model.layers)


def test_any_size_is_the_same_network():
    fixed, free = trunk("mobilenetv2", (64, 96)), trunk("mobilenetv2", (None, None))
    free.set_weights(fixed.get_weights())
    images = tf.random.stateless_normal([1, 64, 96, 3], [7, 8])
    for one, other in zip(fixed(images), free(images)):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_statistics_over_all_replicas_where_asked():
    with synchronized_batch_norm():
        model = trunk("mobilenetv3_small", (64, 64))
    norms = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert norms and all(layer.synchronized for layer in norms)
