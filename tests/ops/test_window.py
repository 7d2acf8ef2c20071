"""Windows of an image against naive sampling and the original's affine formula."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.window import (
    Window,
    centered_window,
    resample_window,
    visible_part,
    window_boxes,
)

OUTPUT = (12, 16)


def read(image, window, output_size=OUTPUT):
    size = tf.shape(image)[:2]
    top, left, height, width = tf.unstack(visible_part(window, size))
    visible = image[top : top + height, left : left + width]
    return resample_window(visible, window, size, output_size)


def window(top, left, height, width, mirror_y=False, mirror_x=False):
    return Window(*map(tf.constant, (top, left, height, width, mirror_y, mirror_x)))


def naive_affine(image, center, extent, output_size):
    """The original: x' = (x - c) T / s + T / 2 on each axis, blended with black outside."""
    height, width = image.shape[:2]

    def pixel(y, x):
        inside = 0 <= y < height and 0 <= x < width
        return image[y, x].astype(float) if inside else np.zeros(image.shape[2])

    output = np.zeros((*output_size, image.shape[2]))
    for row in range(output_size[0]):
        for column in range(output_size[1]):
            y = (row - output_size[0] / 2) * extent[0] / output_size[0] + center[0]
            x = (column - output_size[1] / 2) * extent[1] / output_size[1] + center[1]
            top, left = int(np.floor(y)), int(np.floor(x))
            fy, fx = y - top, x - left
            output[row, column] = (
                pixel(top, left) * (1 - fy) * (1 - fx)
                + pixel(top, left + 1) * (1 - fy) * fx
                + pixel(top + 1, left) * fy * (1 - fx)
                + pixel(top + 1, left + 1) * fy * fx
            )
    return output


WINDOWS = [
    ((9, 14), (12, 16)),  # no scaling
    ((9, 14), (8, 10)),  # zoomed in, inside
    ((3, 4), (24, 32)),  # zoomed out, overhanging
    ((18, 25), (14, 20)),  # over the corner
]


@pytest.mark.parametrize("center, extent", WINDOWS)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_resampling_equals_the_original_affine(rng, center, extent, dtype):
    image = rng.integers(0, 256, (20, 27, 3)).astype(dtype)
    ours = read(image, centered_window(tf.constant(center), tf.constant(extent)))
    expected = naive_affine(image, center, extent, OUTPUT)
    # The last row and column have no neighbour inside the window to blend with when zoomed in.
    np.testing.assert_allclose(ours[:-2, :-2], expected[:-2, :-2], atol=0.01)


def test_equals_opencv_inside_the_image(testdata):
    golden = np.load(testdata / "golden" / "xy_affine_aug.npz")
    # The warp's centre is (x 40, y 30), its extent 80 pixels.
    chosen = centered_window(tf.constant([30, 40]), tf.constant([80, 80]))
    ours = read(golden["img"], chosen, (64, 64)).numpy()
    # OpenCV rounds positions to 1/32 pixel and values to integers.
    difference = np.abs(ours - golden["warp_u8"])
    assert difference.mean() < 1.0
    assert difference.max() < 8.0


@pytest.mark.parametrize("mirror_y", [False, True])
@pytest.mark.parametrize("mirror_x", [False, True])
def test_mirroring_equals_mirroring_the_pixels(rng, mirror_y, mirror_x):
    image = rng.integers(0, 256, (20, 27, 3)).astype(np.uint8)
    canvas = np.pad(image, ((4, 0), (0, 3), (0, 0)))[:20, 10:30]
    canvas = canvas[:: -1 if mirror_y else 1, :: -1 if mirror_x else 1]
    ours = read(image, window(-4, 10, 20, 20, mirror_y, mirror_x), (20, 20))
    np.testing.assert_array_equal(ours, canvas)


@pytest.mark.parametrize("mirror_sum", [-1.0, 0.0])
@pytest.mark.parametrize("mirror", [False, True])
def test_boxes_follow_the_pixels(mirror, mirror_sum):
    """A bright rectangle stays where its box is, by each of the two readings of a box's sides."""
    image = np.zeros((40, 60, 1), np.uint8)
    image[10:20, 30:45] = 255
    # A box of pixel indices ends on the last pixel, a box of borders behind it.
    last = 1.0 + mirror_sum
    box = tf.constant([[10.0, 30.0, 19.0 + last, 44.0 + last]])
    chosen = window(-5, 20, 40, 36, mirror_x=mirror)
    ours = read(image, chosen, (80, 72)).numpy()[..., 0]
    (ymin, xmin, ymax, xmax) = window_boxes(box, chosen, (80, 72), mirror_sum)[0].numpy()
    rows, columns = np.nonzero(ours == 255)
    # Output pixels lie at integers and are twice as dense as the image's; index boxes end on the
    # last bright pixel, border boxes one image pixel further.
    assert (rows.min(), columns.min()) == (ymin, xmin)
    assert (rows.max(), columns.max()) == (ymax - 2 * last, xmax - 2 * last)


def test_boxes_mirrored_twice_are_the_same(rng):
    boxes = tf.constant(np.sort(rng.uniform(0, 50, (6, 2, 2)), axis=1).reshape(6, 4), tf.float32)
    chosen = window(0, 0, 50, 50, True, True)
    for mirror_sum in (-1.0, 0.0):
        once = window_boxes(boxes, chosen, (50, 50), mirror_sum)
        twice = window_boxes(once, chosen, (50, 50), mirror_sum)
        np.testing.assert_allclose(twice, boxes, atol=1e-4)


def test_inside_tf_data(rng):
    image = rng.integers(0, 256, (20, 27, 3)).astype(np.uint8)

    def both(image, center):
        chosen = centered_window(center, tf.constant([24, 32]))
        return read(image, chosen), window_boxes(tf.ones([2, 4]), chosen, OUTPUT, 0.0)

    dataset = tf.data.Dataset.from_tensors((image, np.int32([3, 4]))).map(both)
    for ours, eager in zip(next(iter(dataset)), both(image, tf.constant([3, 4]))):
        np.testing.assert_allclose(ours, eager, atol=1e-4)
    assert dataset.element_spec[0].shape == (*OUTPUT, 3)
