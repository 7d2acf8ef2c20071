"""Image files that a person names, found and read."""

import glob
import os
from typing import List, Sequence

import numpy as np
import tensorflow as tf
from PIL import UnidentifiedImageError

from centernet_tf.data.image_check import ImageFault, check_image
from centernet_tf.errors import UserError

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")


class UnreadableImage(UserError):
    """An image that cannot be used; `reason` says why, without the file's name."""

    def __init__(self, path: str, reason: str):
        super().__init__(
            f"Cannot read the image {path} ({reason}); repair or remove it, or pass "
            "--skip_unreadable to leave such images out."
        )
        self.reason = reason


def find_images(patterns: Sequence[str]) -> List[str]:
    """Returns the image files that are meant, each once, as given, and sorted inside folders.

    Args:
      patterns: files, folders (their image files, without sub-folders and hidden files), or globs,
        in which `**` stands for any depth.

    Raises:
      UserError: a pattern stands for no file.
    """
    found = {}
    for pattern in patterns:
        for path in _expand(pattern):
            found.setdefault(os.path.normpath(path), path)
    return list(found.values())


def read_upright(path: str) -> np.ndarray:
    """Reads an image as a person sees it, through the checks that images for records pass.

    EXIF's orientation is applied, transparency goes over white, and the pixels are those that
    TensorFlow's decoders give, which are what the network was trained on.

    Returns:
      uint8 [h, w, 3], RGB.

    Raises:
      UnreadableImage: the file is missing, damaged or too large.
    """
    return decode(read_encoded(path))


def read_encoded(path: str) -> bytes:
    """Returns the JPEG or PNG bytes of an image as a person sees it: the file's own, if they are.

    Raises:
      UnreadableImage: see `read_upright`.
    """
    try:
        return check_image(path).encoded
    except ImageFault as error:
        raise UnreadableImage(path, _reason(error)) from error


def decode(encoded: bytes) -> np.ndarray:
    """Returns the pixels of `read_encoded`, uint8 [h, w, 3], RGB."""
    return tf.io.decode_image(encoded, channels=3, expand_animations=False).numpy()


def _reason(error: ImageFault) -> str:
    # Pillow would quote the stream that it was given, which is none of the user's.
    if isinstance(error.__cause__, UnidentifiedImageError):
        return "it is no image of a known kind, or damaged"
    return error.detail


def _expand(pattern: str) -> List[str]:
    # A file is taken at its word, even where its name has the characters of a glob.
    if os.path.isfile(pattern):
        return [pattern]
    if os.path.isdir(pattern):
        names = sorted(name for name in os.listdir(pattern) if _is_image(name))
        if not names:
            raise UserError(
                f"The folder {pattern} holds no image ({', '.join(ENDINGS)}); for images in its "
                f"sub-folders give --images='{os.path.join(pattern, '**', '*.jpg')}'."
            )
        return [os.path.join(pattern, name) for name in names]
    paths = sorted(path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path))
    if not paths:
        raise UserError(f"No file fits --images={pattern}; give a file, a folder or a glob.")
    return paths


def _is_image(name: str) -> bool:
    return name.lower().endswith(ENDINGS) and not name.startswith(".")
