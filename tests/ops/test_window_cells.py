"""The list of cells against loops over the windows."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.window_cells import window_cells


def naive_cells(first, extent):
    owners, places = [], []
    for owner, ((top, left), (height, width)) in enumerate(zip(first, extent)):
        for y in range(height):
            for x in range(width):
                owners.append(owner)
                places.append((top + y, left + x))
    return owners, np.reshape(places, [-1, 2])


@pytest.mark.parametrize(
    "extent",
    [
        [(2, 3)],
        [(0, 4), (3, 1), (0, 0), (1, 1), (2, 2), (5, 0)],
        [(0, 0), (0, 7)],
        np.zeros([0, 2]),
    ],
)
def test_cells_are_those_of_loops(rng, extent):
    extent = np.array(extent, np.int32)
    first = rng.integers(-3, 20, extent.shape).astype(np.int32)
    owners, places = naive_cells(first, extent)
    in_dataset = tf.data.Dataset.from_tensors((first, extent)).map(window_cells)
    for owner, place in (window_cells(first, extent), next(iter(in_dataset))):
        np.testing.assert_array_equal(owner, owners)
        np.testing.assert_array_equal(place, places)
