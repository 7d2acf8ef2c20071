"""The image files of a folder, or of a text file that lists them."""

import os
from typing import List, Tuple

from centernet_tf.errors import UserError

EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")


def list_images(split: str, images: str) -> Tuple[str, List[str]]:
    """Returns the folder that the file names are relative to, and the names in order.

    Args:
      split: its name, for messages.
      images: a folder, searched with its subfolders, or a text file with a path of an image a line,
        relative to that file's folder. A name that leads out of this folder begins with `..`.

    Raises:
      UserError: there is no such folder or list, a folder in it cannot be read, or it holds no
        images.
    """
    if os.path.isdir(images):
        root, names = images, sorted(_names_below(images))
    else:
        root, names = os.path.dirname(os.path.abspath(images)), _lines(split, images)
        names = [os.path.relpath(name, root) if os.path.isabs(name) else name for name in names]
        names = [os.path.normpath(name) for name in names]
    if not names:
        kinds = ", ".join(extension[1:] for extension in EXTENSIONS)
        raise UserError(f"'{images}' holds no images ({kinds}), so split '{split}' would be empty.")
    return root, names


def _names_below(folder: str):
    """Yields names relative to `folder`; follows links, but enters no folder a second time."""
    entered = set()
    for here, folders, files in os.walk(folder, onerror=_refuse, followlinks=True):
        real = os.path.realpath(here)
        if real in entered:
            folders.clear()
            continue
        entered.add(real)
        folders.sort()
        for name in folders + files:
            if name.lower().endswith(EXTENSIONS) and not name.startswith("."):
                yield os.path.relpath(os.path.join(here, name), folder)


def _refuse(error: OSError):
    """The images of a folder that cannot be read would be missing without a word."""
    raise UserError(f"Cannot read the folder '{error.filename}': {error.strerror}.") from error


def _lines(split: str, path: str) -> List[str]:
    fault = "there is no such file"
    if os.path.isfile(path):
        try:
            with open(path, encoding="utf-8-sig") as stream:
                return [line.strip() for line in stream if line.strip()]
        except (OSError, UnicodeDecodeError) as error:
            fault = str(error)
    raise UserError(
        f"The images of split '{split}' must be a folder or a text file that lists them; cannot "
        f"read '{path}': {fault}."
    )
