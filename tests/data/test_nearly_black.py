"""Few bits stored in 16 are named, as nothing is left of them in 8."""

import struct

import numpy as np
import pytest
from PIL import Image

from tests.data.picture_files import png
from tests.data.test_image_check import check, decode, encoded


@pytest.mark.parametrize("channels, mode", [(1, "I;16"), (3, "RGB")])
@pytest.mark.parametrize("bits, brightest", [(8, 0), (12, 15)])
def test_16_bits_that_hold_fewer_are_named(tmp_path, channels, mode, bits, brightest):
    checked = check(tmp_path, png_of_16_bits([0, 7, 2**bits - 1], channels))
    assert checked.nearly_black == f"PNG {mode}, brightest value {brightest} of 255 in 8 bits"
    assert decode(checked).max() == brightest


@pytest.mark.parametrize("channels", [1, 3])
def test_one_bright_pixel_is_enough(tmp_path, channels):
    assert not check(tmp_path, png_of_16_bits([0, 0, 2**12], channels)).nearly_black


def test_32_bits_are_named_where_they_do_not_hold_8(tmp_path):
    for brightest, named in ((255, False), (256, True), (4096, False)):
        values = np.full([4, 4], brightest, np.int32)
        checked = check(tmp_path, encoded(Image.fromarray(values), "TIFF"))
        assert bool(checked.nearly_black) == named


@pytest.mark.parametrize("image_format", ["PNG", "BMP", "JPEG"])
def test_8_bits_may_be_dark(tmp_path, image_format):
    assert not check(tmp_path, encoded(Image.new("RGB", (8, 8)), image_format)).nearly_black


def png_of_16_bits(values, channels):
    """One row of pixels, grey or RGB, with each value in all channels."""
    row = b"\0" + b"".join(struct.pack(">H", value) * channels for value in values)
    return png(len(values), 1, row, bit_depth=16, color_type={1: 0, 3: 2}[channels])
