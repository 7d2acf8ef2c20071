"""The grids of a pyramid against loops over rows and columns."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops import pyramid

SIZES, STRIDES = [(4, 5), (2, 3)], [8, 16]


@pytest.mark.parametrize("input_size", [(256, 320), (96, 64), (64, 64)])
def test_sizes_are_those_of_strided_convolutions(input_size):
    expected = []
    size = tuple(side // 8 for side in input_size)
    for _ in range(5):
        expected.append(size)
        size = tuple((side + 2 - 3) // 2 + 1 for side in size)
    assert pyramid.level_sizes(input_size, [8, 16, 32, 64, 128]) == expected


def test_points_go_level_by_level_and_row_by_row(testdata):
    golden = np.load(testdata / "golden/fcos.npz")
    sizes, strides = golden["level_hw"].tolist(), golden["strides"].tolist()
    points = np.concatenate([pyramid.grid_points(*level) for level in zip(sizes, strides)])
    np.testing.assert_array_equal(points, golden["points"][:, ::-1])
    assert pyramid.num_points(sizes) == len(points)


def test_points_are_the_middles_of_cells():
    naive = [((y + 0.5) * 8, (x + 0.5) * 8) for y in range(4) for x in range(5)]
    np.testing.assert_array_equal(pyramid.grid_points((4, 5), 8), naive)
    compiled = tf.function(lambda: pyramid.grid_points((4, 5), 8), jit_compile=True)
    np.testing.assert_array_equal(compiled(), naive)
    repeated = [8.0] * 20 + [16.0] * 6
    np.testing.assert_array_equal(pyramid.point_strides(SIZES, STRIDES), repeated)


def test_levels_join_and_part(rng):
    maps = [np.float32(rng.normal(size=(2, *size, 3))) for size in SIZES]
    joined = pyramid.flatten_levels(maps)
    naive = [[row for level in maps for row in level[image].reshape(-1, 3)] for image in range(2)]
    np.testing.assert_array_equal(joined, naive)
    for part, level in zip(pyramid.split_levels(joined, SIZES), maps):
        np.testing.assert_array_equal(part, level)
    assert (
        pyramid.flatten_levels([tf.cast(level, tf.float16) for level in maps]).dtype == tf.float32
    )


def test_distances_turn_into_boxes_and_back(rng):
    points = np.float32(rng.uniform(0, 50, [7, 2]))
    distances = np.float32(rng.uniform(-3, 30, [7, 4]))
    boxes = pyramid.boxes_around(points, distances)
    for (y, x), (top, left, bottom, right), box in zip(points, distances, boxes.numpy()):
        np.testing.assert_allclose(box, [y - top, x - left, y + bottom, x + right], rtol=1e-6)
    np.testing.assert_allclose(pyramid.distances_to(points, boxes), distances, atol=1e-5)


def test_the_strongest_class_of_all_levels(rng):
    sizes = [(5, 7), (3, 4), (2, 2)]
    maps = [np.float32(rng.normal(size=(2, *size, 3))) for size in sizes]
    compiled = tf.function(pyramid.strongest_class, jit_compile=True)
    for function in (pyramid.strongest_class, compiled):
        found = function([tf.constant(level) for level in maps]).numpy()
        assert found.shape == (2, 5, 7)
        for image, y, x in np.ndindex(2, 5, 7):
            cells = [level[image, y // 2**k, x // 2**k] for k, level in enumerate(maps)]
            assert found[image, y, x] == np.max(cells)
