"""Batches in which some images cannot be read."""

import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from centernet_tf.data.encoded_image import open_image
from centernet_tf.data.letterbox import read_letterbox
from centernet_tf.export.image_rows import letterbox_rows
from centernet_tf.export.image_status import DAMAGED, GOOD, MEANINGS, TOO_LARGE, UNKNOWN_FORMAT
from tests.export.tiny_detector import encode, textured_image

SIZE = (32, 48)
LIMIT = 10_000
GOOD_ONE = encode(textured_image(70, 90), "JPEG")
PNG = encode(textured_image(40, 60))
BMP = encode(textured_image(40, 60), "BMP")


def huge_png(width, height):
    """A PNG of a few bytes that claims to be large."""

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (
        chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    )
    return b"\x89PNG\r\n\x1a\n" + chunks


def damaged(encoded, first):
    return (
        encoded[:first]
        + bytes(byte ^ 255 for byte in encoded[first : first + 20])
        + encoded[first + 20 :]
    )


def huge_jpeg():
    """A JPEG whose header claims 60,000 x 60,000 pixels."""
    start = GOOD_ONE.index(b"\xff\xc0") + 5
    return GOOD_ONE[:start] + struct.pack(">HH", 60000, 60000) + GOOD_ONE[start + 4 :]


CASES = {
    "jpeg": (GOOD_ONE, GOOD),
    "png": (PNG, GOOD),
    "bmp": (BMP, GOOD),
    "grey": (encode(textured_image(40, 60)[..., 0]), GOOD),
    "16 bits": (encode(textured_image(40, 60)[..., 0].astype(np.uint16) * 257), GOOD),
    "empty": (b"", UNKNOWN_FORMAT),
    "text": (b"hello", UNKNOWN_FORMAT),
    "webp": (encode(textured_image(40, 60), "WEBP"), UNKNOWN_FORMAT),
    "gif": (encode(textured_image(40, 60), "GIF"), UNKNOWN_FORMAT),
    "jpeg cut in its header": (GOOD_ONE[:100], DAMAGED),
    "jpeg cut in the middle": (GOOD_ONE[: len(GOOD_ONE) // 2], DAMAGED),
    "jpeg cut by a byte": (GOOD_ONE[:-1], DAMAGED),
    "jpeg of three bytes": (GOOD_ONE[:3], DAMAGED),
    "png cut in its header": (PNG[:20], DAMAGED),
    "png cut in the middle": (PNG[: len(PNG) // 2], DAMAGED),
    "png with flipped bits": (damaged(PNG, 200), DAMAGED),
    "bmp cut": (BMP[:-10], DAMAGED),
    "png without pixels": (huge_png(0, 0), DAMAGED),
    "png of more pixels than 31 bits": (huge_png(2**31 + 5, 2**31 + 5), DAMAGED),
    "png of 20,000 x 20,000": (huge_png(20000, 20000), TOO_LARGE),
    "png whose pixels overflow 32 bits": (huge_png(65536, 65536), TOO_LARGE),
    "jpeg of 60,000 x 60,000": (huge_jpeg(), TOO_LARGE),
    "png just too large": (encode(textured_image(101, 100)), TOO_LARGE),
    "png of exactly the limit": (encode(textured_image(100, 100)), GOOD),
}


@pytest.fixture(scope="module")
def read():
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def function(rows):
        return letterbox_rows(rows, tf.identity, SIZE, LIMIT)

    return function


def alone(encoded):
    return read_letterbox(open_image(encoded), SIZE)[0].numpy()


def test_each_row_gets_its_own_code_and_the_good_ones_their_pixels(read):
    images, codes = zip(*CASES.values())
    letterboxed, sizes, status = (value.numpy() for value in read(tf.constant(images)))
    assert dict(zip(CASES, status.tolist())) == dict(zip(CASES, codes))
    for row, (encoded, code) in enumerate(CASES.values()):
        if code == GOOD:
            np.testing.assert_array_equal(letterboxed[row], alone(encoded))
            assert sizes[row].tolist() == list(Image.open(io.BytesIO(encoded)).size[::-1])
        else:
            assert not letterboxed[row].any()
        assert sizes[row].min() >= 1


@pytest.mark.parametrize("rows", [[], [b"x"], [b"", GOOD_ONE[:50]], [GOOD_ONE]])
def test_batches_of_any_length_of_which_any_part_is_bad(read, rows):
    letterboxed, sizes, status = read(tf.constant(rows, tf.string))
    assert letterboxed.shape == (len(rows), *SIZE, 3) and sizes.shape == (len(rows), 2)
    assert [code == GOOD for code in status.numpy()] == [row == GOOD_ONE for row in rows]


def test_a_row_that_cannot_be_unpacked_is_damaged():
    def first_half(row):
        with tf.control_dependencies(
            [tf.debugging.assert_equal(tf.strings.substr(row, 0, 1), "+")]
        ):
            return tf.strings.substr(row, 1, -1)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def function(rows):
        return letterbox_rows(rows, first_half, SIZE, LIMIT)[2]

    rows = [b"+" + GOOD_ONE, b"-" + GOOD_ONE, b"+" + PNG]
    assert function(tf.constant(rows)).numpy().tolist() == [GOOD, DAMAGED, GOOD]


def test_every_code_has_a_meaning():
    assert sorted(MEANINGS) == [GOOD, DAMAGED, TOO_LARGE, UNKNOWN_FORMAT]
