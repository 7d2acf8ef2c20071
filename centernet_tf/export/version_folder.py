"""Numbered versions in a folder that a server watches: each appears whole, none is overwritten."""

import contextlib
import os
import shutil
from typing import List, NamedTuple

from centernet_tf.errors import UserError
from centernet_tf.export.remains import remove_remains, temporary_path

# TensorFlow Serving keeps versions in 64 bits, with a sign.
LARGEST_VERSION = 2**63 - 1


class VersionFolder(NamedTuple):
    """A version: its number, and its folder's name, which may begin with zeros."""

    number: int
    name: str


def version_folders(output_dir: str) -> List[VersionFolder]:
    """Returns the versions in a folder, rising; a number above `LARGEST_VERSION` is none."""
    return sorted(
        VersionFolder(int(name), name)
        for name in os.listdir(output_dir)
        if name.isascii()
        and name.isdecimal()
        and int(name) <= LARGEST_VERSION
        and os.path.isdir(os.path.join(output_dir, name))
    )


def refuse_other_folder(output_dir: str) -> None:
    """Refuses a folder that holds something, but nothing of exports.

    Raises:
      UserError: it does, such as a folder of photographs, or a model directory.
    """
    if not os.path.isdir(output_dir) or version_folders(output_dir):
        return
    names = sorted(name for name in os.listdir(output_dir) if not name.startswith("."))
    if names and not any(name.startswith(("deploy", "incomplete-")) for name in names):
        raise UserError(
            f"{output_dir} holds other things than exports (the first is '{names[0]}'); give a "
            "folder of its own to the versions of a model, such as "
            f"{os.path.join(output_dir, 'serving')}."
        )


@contextlib.contextmanager
def incomplete_folder(output_dir: str):
    """Yields a new folder in `output_dir`, under a name that servers do not take for a version.

    After a failure there is none, nor an empty parent. What killed exports left is removed first.

    Raises:
      UserError: it cannot be written.
    """
    is_new = not os.path.isdir(output_dir)
    prefix = os.path.join(output_dir, "incomplete-")
    remove_remains(prefix)
    folder = temporary_path(prefix)
    try:
        os.makedirs(folder)
    except OSError as error:
        raise UserError(
            f"Cannot write to the output folder {output_dir}: {error.strerror}."
        ) from error
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        if is_new:
            with contextlib.suppress(OSError):
                os.rmdir(output_dir)
        raise


def publish(folder: str, output_dir: str) -> str:
    """Renames a complete folder to the next free number and returns its path.

    Raises:
      UserError: no server would take a higher number for a version.
    """
    version = max([0, *(each.number for each in version_folders(output_dir))]) + 1
    while True:
        if version > LARGEST_VERSION:
            raise UserError(
                f"{output_dir} holds the highest version that there can be, {LARGEST_VERSION}; "
                "give it a lower number."
            )
        path = os.path.join(output_dir, str(version))
        try:
            # Fails where another export has taken the number meanwhile.
            os.rename(folder, path)
            return path
        except OSError:
            if not os.path.exists(path):
                raise
            version += 1
