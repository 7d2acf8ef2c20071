"""Broken image files, each through a whole conversion.

Each says the reason under which it is counted. None may end in another exception, hang, write
outside the output folder, or leave half a data set.
"""

import os

import pytest

from centernet_tf.data.convert import convert
from centernet_tf.data.convert_options import ConvertOptions
from centernet_tf.data.yolo import read_yolo
from tests.data import coco_folder
from tests.data.picture_files import (
    JPEG,
    PNG,
    PROGRESSIVE,
    SCAN,
    WHOLE_ROWS,
    encoded,
    jpeg_of_size,
    png,
    png_chunk,
)
from tests.data.strict_and_lenient import convert_twice

pytestmark = pytest.mark.timeout(60)


def scrambled(data, start):
    """Flips a bit of every seventh byte behind `start`."""
    changed = bytearray(data)
    for position in range(start, len(data) - 2, 7):
        changed[position] ^= 0x11
    return bytes(changed)


IMAGE_BYTES = {
    "no bytes": (b"", "undecodable_image"),
    "one byte": (b"\xff", "undecodable_image"),
    "JPEG cut in its magic": (JPEG[:2], "undecodable_image"),
    "JPEG cut in its header": (JPEG[:12], "undecodable_image"),
    "JPEG cut in its quantisation tables": (
        JPEG[: JPEG.index(b"\xff\xdb") + 30],
        "undecodable_image",
    ),
    "JPEG cut in its frame": (JPEG[: JPEG.index(b"\xff\xc0") + 6], "undecodable_image"),
    "JPEG cut in its Huffman tables": (JPEG[: JPEG.index(b"\xff\xc4") + 9], "undecodable_image"),
    "JPEG cut in the head of its scan": (JPEG[: SCAN + 5], "undecodable_image"),
    "JPEG cut after the first block": (JPEG[: SCAN + 40], "undecodable_image"),
    "JPEG cut in the middle of the scan": (JPEG[: (SCAN + len(JPEG)) // 2], "undecodable_image"),
    "JPEG without its last two hundred bytes": (JPEG[:-200], "undecodable_image"),
    "progressive JPEG cut after its first scan": (
        PROGRESSIVE[: PROGRESSIVE.index(b"\xff\xda", PROGRESSIVE.index(b"\xff\xda") + 2)],
        "undecodable_image",
    ),
    "JPEG without tables": (
        JPEG[: JPEG.index(b"\xff\xdb")] + JPEG[JPEG.index(b"\xff\xc0") :],
        "undecodable_image",
    ),
    "JPEG of 0 x 0": (jpeg_of_size(0, 0), "undecodable_image"),
    "JPEG of width 0": (jpeg_of_size(0, 40), "undecodable_image"),
    # Decoders fill up with grey what lies behind the mark of the end.
    "JPEG that ends before its last row": (jpeg_of_size(60, 4000), "size_differs"),
    "JPEG of 65000 x 65000": (jpeg_of_size(65000, 65000), "oversized_image"),
    "JPEG with a second picture's head in front": (JPEG[:SCAN] + JPEG[:SCAN], "undecodable_image"),
    "PNG cut in its magic": (PNG[:5], "undecodable_image"),
    "PNG cut in IHDR": (PNG[:22], "undecodable_image"),
    "PNG cut before IDAT": (PNG[:33], "undecodable_image"),
    "PNG cut in IDAT": (PNG[: len(PNG) // 2], "undecodable_image"),
    "PNG without IEND": (png(60, 40, WHOLE_ROWS, end=b""), "undecodable_image"),
    "PNG with a wrong CRC": (png(60, 40, WHOLE_ROWS, checksum=7), "undecodable_image"),
    "PNG with too few rows": (png(60, 40, WHOLE_ROWS[:-181]), "undecodable_image"),
    "PNG whose data is no zlib": (
        PNG[:33] + png_chunk(b"IDAT", b"\xab" * 400) + png_chunk(b"IEND", b""),
        "undecodable_image",
    ),
    "PNG of 0 x 40": (png(0, 40), "undecodable_image"),
    "PNG of 2^31 x 1": (png(2**31, 1), "oversized_image"),
    "tiny PNG of 100000 x 100000": (png(100_000, 100_000), "oversized_image"),
    "tiny PNG of 20000 x 20000": (png(20_000, 20_000), "oversized_image"),
    "PNG chunk of 2 GB": (PNG[:33] + b"\x7f\xff\xff\xffIDAT" + PNG[41:], "undecodable_image"),
    "GIF cut in its header": (encoded("GIF", "P")[:8], "undecodable_image"),
    "GIF cut in its palette": (encoded("GIF", "P")[:300], "undecodable_image"),
    "GIF cut in its data": (encoded("GIF", "P")[:-900], "undecodable_image"),
    "BMP cut in its header": (encoded("BMP")[:30], "undecodable_image"),
    "BMP cut in its data": (encoded("BMP")[:3000], "undecodable_image"),
    "WebP cut in its header": (encoded("WEBP")[:16], "undecodable_image"),
    "WebP cut in its data": (encoded("WEBP")[:-300], "undecodable_image"),
    "TIFF cut in its data": (encoded("TIFF")[:500], "undecodable_image"),
    "text": (b"no image, but a text\n" * 20, "undecodable_image"),
    "web page": (b"<!DOCTYPE html><html><body>404 Not Found</body></html>", "undecodable_image"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg' width='9'/>", "undecodable_image"),
    "PostScript": (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 60 40\n%%EndComments\nshowpage\n",
        "undecodable_image",
    ),
    "PDF": (b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n", "undecodable_image"),
    "archive": (b"PK\x03\x04" + b"\0" * 200, "undecodable_image"),
    "pointer of Git LFS": (b"version https://git-lfs.github.com/spec/v1\n", "undecodable_image"),
    "one pixel": (encoded("PNG", size=(1, 1)), "boxes_rescaled"),
    "one row": (encoded("PNG", size=(60, 1)), "outside_image"),
}


@pytest.mark.parametrize("data, reason", IMAGE_BYTES.values(), ids=IMAGE_BYTES)
def test_broken_image_files(tmp_path, data, reason):
    coco_folder.write_folder(tmp_path)
    (tmp_path / "images" / "0.jpg").write_bytes(data)
    report = convert_twice(tmp_path, lambda: coco_folder.read(tmp_path), reason)
    assert report.count(reason) == 1


def test_a_jpeg_whose_scan_is_noise_is_read_or_refused(tmp_path):
    """Nothing in a JPEG tells noise from a picture, so both are right."""
    coco_folder.write_folder(tmp_path)
    (tmp_path / "images" / "0.jpg").write_bytes(scrambled(JPEG, SCAN + 20))
    report = coco_folder.convert_folder(tmp_path, max_bad_fraction=1.0)
    assert report.images_written + report.count("undecodable_image") == 3


THINGS = {
    "folder": os.mkdir,
    "link to nothing": lambda path: os.symlink("nowhere.jpg", path),
    "link to itself": lambda path: os.symlink(path, path),
    "link to a folder": lambda path: os.symlink("..", path),
    "pipe": os.mkfifo,
    "device": lambda path: os.symlink("/dev/zero", path),
}


@pytest.mark.parametrize("make", THINGS.values(), ids=THINGS)
def test_what_is_no_file(tmp_path, make):
    coco_folder.write_folder(tmp_path)
    path = tmp_path / "images" / "0.jpg"
    path.unlink()
    make(str(path))
    convert_twice(tmp_path, lambda: coco_folder.read(tmp_path), "missing_image")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "1.txt").write_text("0 0.5 0.5 0.5 0.5")
    split = read_yolo("train", str(tmp_path / "images"), "", {0: "hat"})
    report = convert([split], str(tmp_path / "r"), ConvertOptions(max_bad_fraction=1.0))["train"]
    assert report.count("missing_image") == 1
