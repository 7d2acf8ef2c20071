"""Corner pooling against a loop and the originals' vectors: eager, XLA, tf.data, TFLite."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.corner_pool import center_pool, corner_pool
from tests.ops.tflite_run import run_tflite

DIRECTIONS = ("top", "bottom", "left", "right")
METHODS = ("running", "doubling")


def naive_pool(maps, direction):
    pooled = np.empty_like(maps)
    for y in range(maps.shape[1]):
        for x in range(maps.shape[2]):
            part = {
                "top": maps[:, y:, x],
                "bottom": maps[:, : y + 1, x],
                "left": maps[:, y, x:],
                "right": maps[:, y, : x + 1],
            }[direction]
            pooled[:, y, x] = part.max(axis=1)
    return pooled


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_equals_a_loop_on_every_path(rng, direction, method):
    maps = rng.normal(size=[2, 7, 5, 3]).astype(np.float32)
    expected = naive_pool(maps, direction)

    def pool(maps):
        return corner_pool(maps, direction, method)

    batches = tf.data.Dataset.from_tensors(maps).map(pool)
    np.testing.assert_array_equal(pool(tf.constant(maps)), expected)
    np.testing.assert_array_equal(tf.function(pool, jit_compile=True)(maps), expected)
    np.testing.assert_array_equal(next(iter(batches)), expected)
    mobile = run_tflite(lambda maps: {"pooled": pool(maps)}, maps=maps)["pooled"]
    np.testing.assert_array_equal(mobile, expected)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_sides_may_be_unknown(rng, direction):
    spec = tf.TensorSpec([None, None, None, 3], tf.float32)
    pool = tf.function(lambda maps: corner_pool(maps, direction), input_signature=[spec])
    for height, width in ((7, 5), (1, 1), (8, 16)):
        maps = rng.normal(size=[2, height, width, 3]).astype(np.float32)
        np.testing.assert_array_equal(pool(maps), naive_pool(maps, direction))


@pytest.mark.parametrize("direction", ["column", "row"])
def test_center_pooling_is_corner_pooling_from_both_ends(rng, direction):
    maps = rng.normal(size=[2, 6, 4, 3]).astype(np.float32)
    first, second = {"column": ("top", "bottom"), "row": ("left", "right")}[direction]
    expected = naive_pool(naive_pool(maps, first), second)
    np.testing.assert_array_equal(center_pool(tf.constant(maps), direction), expected)
    compiled = tf.function(lambda maps: center_pool(maps, direction), jit_compile=True)
    np.testing.assert_array_equal(compiled(maps), expected)
    mobile = run_tflite(lambda maps: {"pooled": center_pool(maps, direction)}, maps=maps)["pooled"]
    np.testing.assert_array_equal(mobile, expected)


def gradient(pool, maps, upstream):
    with tf.GradientTape() as tape:
        tape.watch(maps)
        total = tf.reduce_sum(pool(maps) * upstream)
    return tape.gradient(total, maps)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_last_of_tied_values_takes_the_gradient(direction, method):
    maps, upstream = tf.constant([2.0, 1.0, 2.0, 2.0]), tf.constant([1.0, 10.0, 100.0, 1000.0])
    shape = [1, 4, 1, 1] if direction in ("top", "bottom") else [1, 1, 4, 1]

    def compute(maps, upstream):
        return gradient(lambda maps: corner_pool(maps, direction, method), maps, upstream)

    arguments = tf.reshape(maps, shape), tf.reshape(upstream, shape)
    forward, backward = [11.0, 0.0, 100.0, 1000.0], [1.0, 0.0, 110.0, 1000.0]
    expected = backward if direction in ("top", "left") else forward
    for run in (compute, tf.function(compute, jit_compile=True)):
        assert np.ravel(run(*arguments)).tolist() == expected


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_mmcv_golden(testdata, direction, method):
    golden = np.load(testdata / "golden/corner_pool.npz")
    for suffix, case in (("", "n"), ("_ties", "ties")):
        maps, upstream = (
            tf.constant(np.transpose(golden[f"{name}{suffix}"], (0, 2, 3, 1)))
            for name in ("x", "grad_out")
        )

        def pool(maps):
            return corner_pool(maps, direction, method)

        expected = np.transpose(golden[f"{direction}_{case}_out"], (0, 2, 3, 1))
        np.testing.assert_allclose(pool(maps), expected, atol=1e-6)
        expected = np.transpose(golden[f"{direction}_{case}_grad"], (0, 2, 3, 1))
        np.testing.assert_allclose(gradient(pool, maps, upstream), expected, atol=1e-5)
