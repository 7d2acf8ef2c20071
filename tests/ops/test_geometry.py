"""Letterbox transforms, boxes under them, and the warp, against naive bilinear sampling."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.geometry import (
    inverse_transform_boxes,
    letterbox_transform,
    transform_boxes,
    warp_images,
)


def naive_warp(image, transform, output_size):
    """Bilinear sampling at integer pixel centres; 0 beyond the first and the last of them."""
    scale, shift_y, shift_x = (float(value) for value in transform)
    height, width = image.shape[:2]
    output = np.zeros((*output_size, image.shape[2]))
    for row in range(output_size[0]):
        for column in range(output_size[1]):
            y, x = (row - shift_y) / scale, (column - shift_x) / scale
            if not (0 <= y <= height - 1 and 0 <= x <= width - 1):
                continue
            top, left = int(y), int(x)
            bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
            fy, fx = y - top, x - left
            output[row, column] = (
                image[top, left] * (1 - fy) * (1 - fx)
                + image[top, right] * (1 - fy) * fx
                + image[bottom, left] * fy * (1 - fx)
                + image[bottom, right] * fy * fx
            )
    return output


@pytest.mark.parametrize("image_size", [(480, 640), (640, 480), (33, 500), (1, 7), (64, 64)])
@pytest.mark.parametrize("input_size", [(64, 64), (96, 160), (160, 96)])
def test_letterbox_fits_and_centres(image_size, input_size):
    scale, *shift = letterbox_transform(tf.constant(image_size), input_size).numpy()
    low, size = np.array(shift), scale * np.array(image_size)
    margin = np.array(input_size) - size
    np.testing.assert_allclose(low, margin / 2, atol=1e-3)
    assert margin.min() == pytest.approx(0.0, abs=1e-3)


def test_boxes_return_from_the_letterbox(rng):
    sizes = rng.integers(20, 900, (5, 2))
    boxes = rng.uniform(0, 900, (5, 7, 4)).astype(np.float32)
    transforms = letterbox_transform(tf.constant(sizes), (128, 256))
    back = inverse_transform_boxes(transform_boxes(tf.constant(boxes), transforms), transforms)
    np.testing.assert_allclose(back, boxes, atol=2e-3)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_warp_equals_naive_sampling(rng, dtype):
    image = rng.integers(0, 256, (11, 17, 3)).astype(dtype)
    # Shifts that put no sample on the border itself, where rounding decides.
    for transform in ([1.7, 2.3, -4.1], [0.61, -1.27, 3.37], [1.0, 0.5, 0.25]):
        ours = warp_images(image[None], tf.constant([transform]), (12, 20))[0]
        np.testing.assert_allclose(ours, naive_warp(image, transform, (12, 20)), atol=0.02)


def test_warp_in_graph_and_compiled(rng):
    images = rng.uniform(0, 255, (2, 11, 17, 3)).astype(np.float32)
    transforms = np.float32([[1.7, 2.3, -4.1], [0.61, -1.27, 3.37]])
    eager = warp_images(images, tf.constant(transforms), (12, 20))
    dataset = tf.data.Dataset.from_tensors((images, transforms))
    mapped = next(iter(dataset.map(lambda x, t: warp_images(x, t, (12, 20)))))
    np.testing.assert_allclose(mapped, eager, atol=1e-4)


def test_warp_equals_opencv_inside_the_image(testdata):
    golden = np.load(testdata / "golden" / "xy_affine_aug.npz")
    scale = 64 / 80
    transform = tf.constant([[scale, 32 - scale * 30, 32 - scale * 40]], tf.float32)
    ours = warp_images(golden["img"][None], transform, (64, 64))[0].numpy()
    # The border row differs: OpenCV blends it with the outside.
    inside = slice(9, 55)
    # OpenCV rounds positions to 1/32 pixel and values to integers.
    difference = np.abs(ours[inside] - golden["warp_u8"][inside])
    assert difference.mean() < 1.0
    assert difference.max() < 8.0


def test_rounding_never_blackens_the_border(rng):
    for height, width in rng.integers(2, 700, (60, 2)):
        size = (max(height, width),) * 2
        transform = letterbox_transform(tf.constant([height, width]), size)
        assert transform[0] == 1.0
        image = tf.ones([1, height, width, 1])
        warped = warp_images(image, transform[None], size)[0, :, :, 0].numpy()
        rows, columns = (warped.sum(axis=axis).astype(bool).sum() for axis in (1, 0))
        # An odd margin puts the samples half-way, and the border pixel has no neighbour outside.
        assert (
            rows >= height - height % 2 - size[0] % 2 and columns >= width - width % 2 - size[1] % 2
        )
        if (size[0] - height) % 2 == 0 and (size[1] - width) % 2 == 0:
            assert (rows, columns) == (height, width)


@pytest.mark.parametrize("scale", [0.5, 1.5])
def test_a_scaled_letterbox_is_the_resize_and_the_warp_of_the_original(scale):
    height, width, side = 45, 61, 96
    transform = letterbox_transform(tf.constant([height, width]), (side, side), scale).numpy()
    resized = np.floor([height * scale, width * scale])
    for point in np.array([[0.0, 0.0], [20.0, 33.5]]):
        moved = (point + 0.5) * scale - 0.5
        expected = (moved - resized / 2) * (side / width) + side / 2
        np.testing.assert_allclose(transform[0] * point + transform[1:], expected, atol=1e-4)
