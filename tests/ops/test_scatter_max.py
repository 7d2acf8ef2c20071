"""Scattered maxima against a loop."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.scatter_max import scatter_max


@pytest.mark.parametrize("count", [0, 1, 200])
def test_the_largest_of_each_place_is_written(rng, count):
    index = rng.integers(0, 40, count).astype(np.int32)
    values = rng.uniform(0, 1, count).astype(np.float32)
    expected = np.zeros(50, np.float32)
    for place, value in zip(index, values):
        expected[place] = max(expected[place], value)
    in_dataset = tf.data.Dataset.from_tensors((index, values)).map(
        lambda *both: scatter_max(*both, 50)
    )
    for written in (scatter_max(index, values, 50), next(iter(in_dataset))):
        np.testing.assert_array_equal(written, expected)
