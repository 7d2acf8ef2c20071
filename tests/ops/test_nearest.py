"""Nearest up-sampling against indices, its gradient, XLA, and sizes that are not doubles."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.nearest import upsample_nearest, upsample_nearest_to

SIZES = [((6, 8), (3, 4)), ((7, 10), (4, 5)), ((1, 3), (1, 2)), ((5, 5), (3, 3))]


def naive(x, height, width):
    """PyTorch's rule: cell floor(i * in / out)."""
    rows = np.arange(height) * x.shape[1] // height
    columns = np.arange(width) * x.shape[2] // width
    return x[:, rows][:, :, columns]


@pytest.mark.parametrize("factor", [2, 4])
def test_every_cell_is_repeated(rng, factor):
    x = rng.normal(size=(2, 3, 5, 4)).astype(np.float32)
    expected = naive(x, 3 * factor, 5 * factor)
    np.testing.assert_array_equal(upsample_nearest(tf.constant(x), factor), expected)


@pytest.mark.parametrize(("size", "half"), SIZES)
@pytest.mark.parametrize("jit", [False, True])
def test_size_and_gradient_of_another_map(rng, size, half, jit):
    x = tf.constant(rng.normal(size=(2, *half, 3)), tf.float32)
    upstream = tf.constant(rng.normal(size=(2, *size, 3)), tf.float32)

    def value_and_gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = upsample_nearest_to(x, upstream)
        return y, tape.gradient(y, x, output_gradients=upstream)

    y, gradient = tf.function(value_and_gradient, jit_compile=jit)(x)
    np.testing.assert_array_equal(y, naive(x.numpy(), *size))
    expected = np.zeros(x.shape)
    for row in range(size[0]):
        for column in range(size[1]):
            place = row * half[0] // size[0], column * half[1] // size[1]
            expected[:, place[0], place[1]] += upstream.numpy()[:, row, column]
    np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-6)


def test_sizes_that_are_not_known_beforehand(rng):
    spec = tf.TensorSpec([None, None, None, 3], tf.float32)
    function = tf.function(upsample_nearest_to, input_signature=[spec, spec])
    x = rng.normal(size=(1, 3, 4, 3)).astype(np.float32)
    np.testing.assert_array_equal(function(x, np.zeros((1, 5, 8, 3), np.float32)), naive(x, 5, 8))
