"""Every image file ends as bytes that TensorFlow reads as upright RGB, or with a reason."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from centernet_tf.data.image_check import ImageFault, check_image
from centernet_tf.data.orientation import EXIF_TAG

HEIGHT, WIDTH = 24, 36


def picture():
    """Smooth, so that JPEG changes it little."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([y * 10, x * 7, 255 - y * 5], axis=-1).astype(np.uint8)


def encoded(image, image_format, **options):
    stream = io.BytesIO()
    image.save(stream, image_format, **options)
    return stream.getvalue()


def check(tmp_path, data):
    path = tmp_path / "image"
    path.write_bytes(data)
    return check_image(str(path))


def decode(checked):
    return tf.io.decode_image(checked.encoded, channels=3, expand_animations=False).numpy()


RGB = Image.fromarray(picture())
GREY = RGB.convert("L")


@pytest.mark.parametrize(
    "image, image_format",
    [(RGB, "JPEG"), (GREY, "JPEG"), (RGB, "PNG"), (GREY, "PNG"), (RGB, "MPO")],
)
def test_bytes_are_kept_where_tensorflow_reads_them(tmp_path, image, image_format):
    data = encoded(image, image_format)
    checked = check(tmp_path, data)
    assert checked.encoded == data and not checked.reencoded
    assert (checked.height, checked.width) == (HEIGHT, WIDTH)
    assert checked.format == ("png" if image_format == "PNG" else "jpeg")
    assert decode(checked).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(
    "image, image_format, tolerance",
    [
        (RGB.convert("CMYK"), "JPEG", 12),
        (RGB.convert("CMYK"), "TIFF", 2),
        (RGB.convert("RGBA"), "PNG", 0),
        (RGB, "BMP", 0),
        (RGB, "TIFF", 0),
        (RGB, "PPM", 0),
        (RGB, "WEBP", 40),
        (RGB.convert("P", palette=Image.Palette.ADAPTIVE), "GIF", 40),
        (RGB.convert("P", palette=Image.Palette.ADAPTIVE), "PNG", 40),
    ],
    ids=lambda value: getattr(value, "mode", str(value)),
)
def test_other_forms_are_stored_anew(tmp_path, image, image_format, tolerance):
    checked = check(tmp_path, encoded(image, image_format))
    assert checked.reencoded == f"{image_format} {image.mode}"
    difference = np.abs(decode(checked).astype(int) - picture())
    assert difference.max() <= tolerance


def test_16_bits_keep_their_upper_8(tmp_path):
    values = np.arange(HEIGHT * WIDTH, dtype=np.uint16).reshape(HEIGHT, WIDTH) * 75
    checked = check(tmp_path, encoded(Image.fromarray(values), "PNG"))
    assert checked.reencoded.startswith("PNG I")
    expected = np.repeat((values >> 8)[..., None], 3, axis=-1)
    np.testing.assert_array_equal(decode(checked), expected)


def test_32_bits_that_hold_8_are_read_as_8(tmp_path):
    values = np.arange(256, dtype=np.int32).reshape(16, 16)
    checked = check(tmp_path, encoded(Image.fromarray(values), "TIFF"))
    np.testing.assert_array_equal(decode(checked)[..., 1], values)


def test_floats_have_no_range(tmp_path):
    image = Image.fromarray(np.ones((4, 4), np.float32))
    with pytest.raises(ImageFault, match="no fixed range"):
        check(tmp_path, encoded(image, "TIFF"))


def test_transparency_lies_over_white(tmp_path):
    image = RGB.convert("RGBA")
    image.putalpha(0)
    assert decode(check(tmp_path, encoded(image, "PNG"))).min() == 255
    keyed = encoded(Image.new("RGB", (5, 4), (9, 8, 7)), "PNG", transparency=(9, 8, 7))
    assert decode(check(tmp_path, keyed)).min() == 255


def test_animations_give_their_first_picture(tmp_path):
    second = Image.new("P", RGB.size, 3)
    data = encoded(
        RGB.convert("P", palette=Image.Palette.ADAPTIVE),
        "GIF",
        save_all=True,
        append_images=[second],
    )
    pixels = decode(check(tmp_path, data))
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(pixels.astype(int) - picture()).max() <= 40


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(2, 9))
def test_exif_orientation_is_applied(tmp_path, orientation, image_format):
    exif = Image.Exif()
    exif[EXIF_TAG] = orientation
    checked = check(tmp_path, encoded(RGB, image_format, quality=95, exif=exif))
    assert checked.orientation == orientation and checked.reencoded
    tall = orientation >= 5
    assert (checked.height, checked.width) == ((WIDTH, HEIGHT) if tall else (HEIGHT, WIDTH))
    pixels = decode(checked).astype(int)
    undone = {
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: np.swapaxes(a, 0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(np.swapaxes(a, 0, 1), 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation](pixels)
    assert np.abs(undone - picture()).mean() < (8 if image_format == "WEBP" else 4)
    assert Image.open(io.BytesIO(checked.encoded)).getexif().get(EXIF_TAG, 1) == 1


@pytest.mark.parametrize("value", [0, 9, 77])
def test_orientations_that_do_not_exist_are_ignored(tmp_path, value):
    exif = Image.Exif()
    exif[EXIF_TAG] = value
    data = encoded(RGB, "JPEG", exif=exif)
    assert check(tmp_path, data).encoded == data


def test_broken_exif_does_not_lose_the_image(tmp_path):
    data = encoded(RGB, "JPEG", exif=b"Exif\0\0MM\0\x2a\xff\xff\xff\xff" + b"\xff" * 40)
    assert check(tmp_path, data).height == HEIGHT


def png_of_size(width, height):
    """A valid PNG header that promises more pixels than follow."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + header + data + chunk(b"IEND", b"")


def jpeg_of_size(width, height):
    data = bytearray(encoded(RGB, "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


JPEG, PNG = encoded(RGB, "JPEG"), encoded(RGB, "PNG")
BROKEN = {
    "no bytes": b"",
    "text": b"this is no image",
    "web page": b"<html><body>404</body></html>",
    "zeros": b"\0" * 4096,
    "JPEG in its magic": JPEG[:2],
    "JPEG in its header": JPEG[:100],
    "JPEG before its frame": JPEG[: JPEG.index(b"\xff\xc0") + 4],
    "JPEG before its scan": JPEG[: JPEG.index(b"\xff\xda") + 2],
    "JPEG in its scan": JPEG[: (JPEG.index(b"\xff\xda") + len(JPEG)) // 2],
    "JPEG with a size of zero": jpeg_of_size(0, 0),
    "JPEG with missing rows": jpeg_of_size(WIDTH, 5000)[:-2],
    "PNG in its magic": PNG[:6],
    "PNG in its header": PNG[:20],
    "PNG in its data": PNG[: len(PNG) // 2],
    "PNG with a size of zero": png_of_size(0, 0),
    "PNG with missing rows": png_of_size(300, 300),
    "PNG with a wrong checksum": PNG[:50] + b"\xff\xff\xff" + PNG[53:],
    "GIF in its data": encoded(RGB.convert("P"), "GIF")[:-300],
    "WebP in its data": encoded(RGB, "WEBP")[:60],
    "BMP in its data": encoded(RGB, "BMP")[:200],
    "TIFF in its data": encoded(RGB, "TIFF")[:200],
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_broken_files_are_undecodable(tmp_path, data):
    with pytest.raises(ImageFault) as caught:
        check(tmp_path, data)
    assert caught.value.reason == "undecodable_image"
    assert caught.value.detail and " at 0x" not in caught.value.detail


def test_what_is_no_image_is_quoted(tmp_path):
    with pytest.raises(ImageFault) as caught:
        check(tmp_path, b"<html><body>404</body></html>")
    assert caught.value.detail == (
        "reads as none of JPEG, PNG, GIF, BMP, WEBP, TIFF, PPM, JPEG2000; "
        "first bytes b'<html><body>404<'"
    )
    with pytest.raises(ImageFault, match="empty file"):
        check(tmp_path, b"")


@pytest.mark.parametrize(
    "data", [png_of_size(100_000, 100_000), png_of_size(9500, 9500), jpeg_of_size(65000, 65000)]
)
def test_hostile_sizes_are_not_decoded(tmp_path, data, recwarn):
    with pytest.raises(ImageFault) as caught:
        check(tmp_path, data)
    assert caught.value.reason == "oversized_image"


def test_huge_files_are_not_read(tmp_path):
    path = tmp_path / "image"
    with open(path, "wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(ImageFault) as caught:
        check_image(str(path))
    assert caught.value.reason == "oversized_image"


def test_only_regular_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", ".", "nothing"):
        with pytest.raises(ImageFault) as caught:
            check_image(str(tmp_path / name))
        assert caught.value.reason == "missing_image"


@pytest.mark.parametrize("cut", range(0, len(JPEG), 23))
def test_a_jpeg_cut_anywhere_is_refused_or_readable(tmp_path, cut):
    try:
        checked = check(tmp_path, JPEG[:cut])
    except ImageFault:
        return
    assert decode(checked).shape == (HEIGHT, WIDTH, 3)
