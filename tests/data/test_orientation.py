"""EXIF turns of pixels; `test_box_properties` shows that boxes and points go with them."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from centernet_tf.data.orientation import EXIF_TAG, upright_image

HEIGHT, WIDTH = 11, 17


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pixels_agree_with_pillow(orientation):
    pixels = np.arange(HEIGHT * WIDTH, dtype=np.uint8).reshape(HEIGHT, WIDTH)
    image = Image.fromarray(pixels)
    image.getexif()[EXIF_TAG] = orientation
    expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(np.asarray(upright_image(image, orientation)), expected)
