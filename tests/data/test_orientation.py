"""EXIF turns: a box goes with the pixels it was drawn on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from centernet_tf.data.orientation import EXIF_TAG, swaps_sides, upright_box, upright_image

HEIGHT, WIDTH = 11, 17


@st.composite
def boxes(draw):
    """Boxes of at least one pixel, borders included."""
    ymin, xmin = draw(st.integers(0, HEIGHT - 1)), draw(st.integers(0, WIDTH - 1))
    return (ymin, xmin, draw(st.integers(ymin + 1, HEIGHT)), draw(st.integers(xmin + 1, WIDTH)))


@given(boxes(), st.integers(1, 8))
def test_boxes_follow_pixels(box, orientation):
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8)
    pixels[box[0] : box[2], box[1] : box[3]] = 255
    turned = np.asarray(upright_image(Image.fromarray(pixels), orientation))
    rows, columns = np.nonzero(turned)
    found = (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)
    assert upright_box(box, orientation, HEIGHT, WIDTH) == found
    assert (turned.shape != pixels.shape) == swaps_sides(orientation)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pixels_agree_with_pillow(orientation):
    pixels = np.arange(HEIGHT * WIDTH, dtype=np.uint8).reshape(HEIGHT, WIDTH)
    image = Image.fromarray(pixels)
    image.getexif()[EXIF_TAG] = orientation
    expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(np.asarray(upright_image(image, orientation)), expected)
