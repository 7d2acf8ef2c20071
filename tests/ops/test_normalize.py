"""Standardising pixels, against NumPy, and in one convolution."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.normalize import normalize, normalize_by_convolution

MEAN, STD = (104.0, 117.5, 123.7), (70.1, 57.2, 58.3)


def naive(images, channel_order):
    ordered = images[..., ::-1] if channel_order == "bgr" else images
    return (ordered - np.array(MEAN)) / np.array(STD)


@pytest.mark.parametrize("jit_compile", [None, False, True])
@pytest.mark.parametrize("function", [normalize, normalize_by_convolution])
@pytest.mark.parametrize("channel_order", ["rgb", "bgr"])
def test_equals_numpy(rng, channel_order, function, jit_compile):
    images = rng.uniform(-20, 280, [2, 5, 7, 3]).astype(np.float32)

    def run(images):
        return function(images, channel_order, MEAN, STD)

    if jit_compile is not None:
        run = tf.function(run, jit_compile=jit_compile)
    found = run(tf.constant(images))
    np.testing.assert_allclose(found, naive(images, channel_order), atol=2e-6)
