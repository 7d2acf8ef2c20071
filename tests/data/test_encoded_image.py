"""Image sizes from headers and parts of images, in each format TensorFlow reads."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from centernet_tf.data.encoded_image import open_image, read_pixels, read_region, read_window
from centernet_tf.ops.window import centered_window

FORMATS = ["JPEG", "PNG", "GIF", "BMP"]


@pytest.fixture
def pixels(rng):
    return rng.integers(0, 256, (37, 53, 3)).astype(np.uint8)


@pytest.mark.parametrize("image_format", FORMATS)
def test_size_without_decoding(pixels, encode_image, image_format):
    encoded = encode_image(pixels, image_format)
    np.testing.assert_array_equal(open_image(tf.constant(encoded)).size, [37, 53])
    dataset = tf.data.Dataset.from_tensors(encoded).map(lambda e: open_image(e).size)
    np.testing.assert_array_equal(next(iter(dataset)), [37, 53])


@pytest.mark.parametrize("image_format", FORMATS)
def test_region_equals_a_slice_of_the_whole(pixels, encode_image, image_format):
    image = open_image(tf.constant(encode_image(pixels, image_format)))
    whole = read_pixels(image)
    if image_format in ("PNG", "BMP"):
        np.testing.assert_array_equal(whole, pixels)
    region = read_region(image, tf.constant([5, 9, 20, 31])).numpy()
    expected = whole[5:25, 9:40].numpy()
    # A JPEG's chroma is interpolated over block borders, of which a partial decoding lacks a side.
    np.testing.assert_array_equal(region[2:-2, 2:-2], expected[2:-2, 2:-2])


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "LA"])
def test_every_png_becomes_rgb(rng, encode_image, mode):
    stream = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (9, 8, 3)).astype(np.uint8)).convert(mode).save(
        stream, "PNG"
    )
    assert read_pixels(open_image(tf.constant(stream.getvalue()))).shape == (9, 8, 3)


def test_window_beyond_the_image_is_black(pixels, encode_image):
    image = open_image(tf.constant(encode_image(pixels)))
    window = centered_window(tf.constant([0, 0]), tf.constant([20, 30]))
    output = read_window(image, window, (20, 30)).numpy()
    np.testing.assert_array_equal(output[10:, 15:], pixels[:10, :15])
    assert not output[:10].any() and not output[:, :15].any()


@pytest.mark.parametrize("encoded", [b"", b"no image", b"\xff\xd8\xff", b"\x89PNG"])
def test_bytes_that_are_no_image_are_an_error(encoded):
    with pytest.raises(tf.errors.InvalidArgumentError):
        read_pixels(open_image(tf.constant(encoded)))
