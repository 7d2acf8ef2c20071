"""Opens an image file and returns bytes that TensorFlow surely decodes to upright RGB.

The last word is TensorFlow's own decoder, since it is the one that will read the records. Both
decoders release Python's lock, so a pool of threads checks images in parallel.
"""

import dataclasses
import io
import os
from typing import Tuple

import numpy as np
import tensorflow as tf
from PIL import Image, UnidentifiedImageError

from centernet_tf.data import orientation as exif
from centernet_tf.data.nearly_black import nearly_black

# Larger images are hostile or belong tiled; 89 megapixels is also where Pillow begins to warn.
MAX_PIXELS = 89_000_000
MAX_BYTES = 256 * 1024 * 1024

# Forms that `tf.io.decode_image(channels=3)` reads as the RGB that a person sees.
_KEPT_MODES = {"JPEG": ("RGB", "L"), "MPO": ("RGB", "L"), "PNG": ("RGB", "L")}
# Pillow knows more, of which some start other programs or are documents. Its JPEG includes MPO.
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "JPEG2000")
_LOSSY_FORMATS = ("JPEG", "MPO", "WEBP")


class ImageFault(Exception):
    """An image that cannot be used: `reason` is a key of `problems.REASONS`, `detail` a quote."""

    def __init__(self, reason: str, detail: str):
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


@dataclasses.dataclass(frozen=True)
class CheckedImage:
    """An image ready for a record.

    Attributes:
      encoded: JPEG or PNG bytes; the file's own bytes where they could be kept.
      format: `jpeg` or `png`.
      height, width: of the upright image, in pixels.
      orientation: EXIF's 1..8 of the stored image; already applied to `encoded`.
      reencoded: what the stored image was when its pixels were encoded anew, such as `JPEG CMYK`,
        else "".
      nearly_black: what is to be said of an image of 16 bits that is nearly black, else "".
    """

    encoded: bytes
    format: str
    height: int
    width: int
    orientation: int
    reencoded: str
    nearly_black: str = ""


def check_image(path: str) -> CheckedImage:
    """Reads, verifies and where necessary re-encodes the image at `path`.

    Raises:
      ImageFault: `missing_image`, `oversized_image` or `undecodable_image`.
    """
    data = _read(path)
    try:
        return _check(data)
    except ImageFault:
        raise
    except Image.DecompressionBombError as error:
        raise ImageFault("oversized_image", str(error)) from error
    except UnidentifiedImageError as error:
        # Pillow's own words hold the address of an object, different in every run.
        detail = f"reads as none of {', '.join(_FORMATS)}; first bytes {data[:16]!r}"
        raise ImageFault("undecodable_image", detail if data else "empty file") from error
    # Pillow's parsers answer hostile bytes with nearly any type of exception.
    except Exception as error:
        raise ImageFault("undecodable_image", f"{error or type(error).__name__}") from error


def _read(path: str) -> bytes:
    if not os.path.isfile(path):
        found = "not a regular file" if os.path.exists(path) else "no such file"
        raise ImageFault("missing_image", found)
    try:
        size = os.path.getsize(path)
        if size > MAX_BYTES:
            raise ImageFault("oversized_image", f"{size} bytes; at most {MAX_BYTES} are read")
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise ImageFault("undecodable_image", error.strerror or str(error)) from error


def _check(data: bytes) -> CheckedImage:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        # Checks the sums of PNG chunks, which TensorFlow does not; leaves the image unusable.
        image.verify()
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        stored_format, mode, (width, height) = image.format, image.mode, image.size
        if width * height > MAX_PIXELS:
            raise ImageFault("oversized_image", f"{width}x{height}; at most {MAX_PIXELS} pixels")
        is_readable = stored_format in _KEPT_MODES and _tensorflow_size(data) == (height, width)
        if stored_format == "PNG" and not is_readable:
            # Pillow makes black of rows that are missing or damaged.
            raise ImageFault("undecodable_image", f"PNG {mode} of {width}x{height} is damaged")
        orientation = _orientation(image)
        # Pillow says RGB for PNG with 16 bits a channel and for PNG with one transparent colour.
        is_plain = mode in _KEPT_MODES.get(stored_format, ()) and "transparency" not in image.info
        if orientation == 1 and is_plain and is_readable:
            kept_format = "png" if stored_format == "PNG" else "jpeg"
            dark = nearly_black(data, image, image)
            return CheckedImage(data, kept_format, height, width, orientation, "", dark)
        pixels = _to_rgb(image)
        dark = nearly_black(data, image, pixels)
        # Of TIFF, Pillow turns the pixels upright as it loads them, and forgets the orientation.
        pixels = exif.upright_image(pixels, _orientation(image))
    encoded, new_format = _encode(pixels, lossy=stored_format in _LOSSY_FORMATS)
    height, width = pixels.height, pixels.width
    if _tensorflow_size(encoded) != (height, width):
        raise ImageFault("undecodable_image", f"{stored_format} {mode} of {width}x{height} pixels")
    stored = f"{stored_format} {mode}"
    return CheckedImage(encoded, new_format, height, width, orientation, stored, dark)


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(exif.EXIF_TAG, 1)
    # A broken EXIF block is no reason to lose the image.
    except Exception:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _tensorflow_size(data: bytes) -> Tuple[int, int]:
    """Returns (height, width) as TensorFlow decodes the bytes, (0, 0) when it does not."""
    try:
        pixels = tf.io.decode_image(data, channels=3, expand_animations=False)
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
        return (0, 0)
    return tuple(pixels.shape[:2]) if pixels.shape.rank == 3 else (0, 0)


def _to_rgb(image: Image.Image) -> Image.Image:
    """Converts any mode to RGB: 16 bits to their upper 8, transparency over white."""
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image)
        if image.mode == "F" or values.min() < 0 or values.max() > 65535:
            raise ImageFault(
                "undecodable_image", f"pixel values of mode {image.mode} have no fixed range"
            )
        # 32 bits say nothing of the range; what fits into 8 was only stored wider.
        shift = 0 if image.mode == "I" and values.max() < 256 else 8
        return Image.fromarray((values.astype(np.uint32) >> shift).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        colours = image.convert("RGBA")
        white = Image.new("RGBA", colours.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, colours).convert("RGB")
    return image.convert("RGB")


def _encode(image: Image.Image, lossy: bool) -> Tuple[bytes, str]:
    """Returns bytes and format: JPEG for what was lossy, PNG for what was not."""
    stream = io.BytesIO()
    if lossy:
        image.save(stream, "JPEG", quality=95, subsampling=0)
        return stream.getvalue(), "jpeg"
    image.save(stream, "PNG")
    return stream.getvalue(), "png"
