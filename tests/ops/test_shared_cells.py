"""Objects of a shared cell against loops: eager and compiled."""

import numpy as np
import tensorflow as tf

from centernet_tf.ops.shared_cells import covered_by_a_later, write_cells

INDEX = np.int32([[3, 1, 3, 3, 0], [5, 5, 2, 2, 2]])
MASK = np.array([[1, 1, 1, 0, 0], [1, 1, 0, 1, 1]], bool)


def test_the_last_object_of_a_cell_covers_the_others():
    expected = np.zeros_like(MASK)
    for image in range(2):
        for i in range(5):
            expected[image, i] = any(
                INDEX[image, i] == INDEX[image, j] and MASK[image, j] for j in range(i + 1, 5)
            )
    for run in (covered_by_a_later, tf.function(covered_by_a_later, jit_compile=True)):
        np.testing.assert_array_equal(run(INDEX, MASK), expected)


def test_maps_hold_the_last_value_of_a_cell(rng):
    values = rng.normal(size=[2, 5, 3]).astype(np.float32)
    expected = np.zeros([2, 2, 3, 3], np.float32)
    for image in range(2):
        for i in np.flatnonzero(MASK[image]):
            y, x = divmod(INDEX[image, i], 3)
            expected[image, y, x] = values[image, i]
    kept = np.float32(MASK)
    for jit_compile in (False, True):
        write = tf.function(write_cells, jit_compile=jit_compile)
        np.testing.assert_array_equal(write(INDEX, kept, values, (2, 3)), expected)
