"""Images at their own resolution on the original's canvas."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.data.encoded_image import open_image
from centernet_tf.data.keep_resolution import canvas_size, read_keep_resolution
from centernet_tf.ops.geometry import transform_boxes


@pytest.mark.parametrize(
    "side,multiple,expected", [(480, 32, 512), (512, 32, 544), (640, 32, 672), (640, 128, 768)]
)
def test_canvas_is_that_of_the_original(side, multiple, expected):
    assert canvas_size(tf.constant([side, side]), multiple).numpy().tolist() == [expected] * 2
    assert expected == (side | (multiple - 1)) + 1


@pytest.mark.parametrize("size", [(33, 64), (40, 51), (5, 31)])
def test_pixels_move_and_nothing_else(rng, encode_image, size):
    pixels = rng.integers(0, 256, (*size, 3)).astype(np.uint8)
    height, width = size
    canvas_height, canvas_width = ((side | 31) + 1 for side in size)
    expected = np.zeros((canvas_height, canvas_width, 3), np.float32)
    top, left = canvas_height // 2 - height // 2, canvas_width // 2 - width // 2
    expected[top : top + height, left : left + width] = pixels

    def read(encoded):
        return read_keep_resolution(open_image(encoded), 32)

    encoded = tf.constant(encode_image(pixels))
    in_graph = next(iter(tf.data.Dataset.from_tensors(encoded).map(read)))
    for image, transform in (read(encoded), in_graph):
        np.testing.assert_array_equal(image, expected)
        np.testing.assert_array_equal(transform, [1, top, left])
        moved = transform_boxes(tf.constant([[0.0, 0.0, height, width]]), transform)
        np.testing.assert_array_equal(moved[0], [top, left, top + height, left + width])
