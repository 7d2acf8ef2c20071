"""Bytes of small pictures, whole and broken, for tests of the conversion."""

import io
import struct
import zlib

import numpy as np
from PIL import Image


def encoded(image_format, mode="RGB", size=(60, 40), **options):
    pixels = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(stream, image_format, **options)
    return stream.getvalue()


def png_chunk(kind, body, checksum=None):
    checksum = zlib.crc32(kind + body) if checksum is None else checksum
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def png(width, height, rows=b"\0" * 100, end=None, bit_depth=8, color_type=2, **options):
    header = struct.pack(">IIBBBBB", width, height, bit_depth, color_type, 0, 0, 0)
    end = png_chunk(b"IEND", b"") if end is None else end
    data = png_chunk(b"IDAT", zlib.compress(rows), **options)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + data + end


def jpeg_of_size(width, height):
    data = bytearray(JPEG)
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


JPEG, PROGRESSIVE, PNG = encoded("JPEG"), encoded("JPEG", progressive=True), encoded("PNG")
SCAN = JPEG.index(b"\xff\xda")
WHOLE_ROWS = b"".join(b"\0" + b"\x50" * 180 for _ in range(40))
