"""The lists of a Pascal VOC folder: `ImageSets/Main/SPLIT.txt`, a name of an image a line."""

import os
from typing import List

from centernet_tf.data.safe_path import path_inside
from centernet_tf.errors import UserError, nearest

_NO_LISTS = (
    "there are no lists in it. Of images that were never split, write the names without extension "
    "into one for training and one for testing"
)


def list_path(voc_root: str, split: str) -> str:
    """Returns the path of the list of a split, '' where there is none."""
    path = path_inside(_folder(voc_root), split + ".txt")
    return path if path and os.path.isfile(path) else ""


def read_list(voc_root: str, split: str) -> List[str]:
    """Returns the lines of the list of a split, sorted.

    Raises:
      UserError: it is missing, cannot be read, or is empty.
    """
    folder, path = _folder(voc_root), list_path(voc_root, split)
    if not path:
        there = sorted(name[:-4] for name in _listed(folder) if name.endswith(".txt"))
        lists = f"the lists there are: {', '.join(there)}" if there else _NO_LISTS
        raise UserError(
            f"Split '{split}' needs a list of image names, one a line, in '{folder}/{split}.txt'; "
            f"{lists}.{nearest(split, there)}"
        )
    try:
        with open(path, encoding="utf-8-sig") as stream:
            names = sorted(line.strip() for line in stream if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"Cannot read the list '{path}': {error}.") from error
    if not names:
        raise UserError(f"The list '{path}' is empty, so split '{split}' would be empty.")
    return names


def _folder(voc_root: str) -> str:
    return os.path.join(voc_root, "ImageSets", "Main")


def _listed(folder: str) -> List[str]:
    try:
        return os.listdir(folder) if os.path.isdir(folder) else []
    except OSError as error:
        raise UserError(f"Cannot read the folder '{folder}': {error.strerror}.") from error
