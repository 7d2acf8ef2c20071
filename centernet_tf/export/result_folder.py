"""The folder that predictions are written to: complete or untouched."""

import contextlib
import json
import os
import shutil

from centernet_tf.errors import UserError
from centernet_tf.export.remains import remove_remains, temporary_path

FILE_NAME = "predictions.json"
PICTURE_FOLDER = "drawn"


def refuse_existing(output_dir: str, overwrite: bool) -> None:
    """Raises UserError when `output_dir` holds predictions that may not be replaced."""
    if os.path.exists(os.path.join(output_dir, FILE_NAME)) and not overwrite:
        raise UserError(
            f"'{output_dir}' holds predictions already; give --overwrite to replace them, or "
            "another --output_dir."
        )


@contextlib.contextmanager
def complete_or_nothing(output_dir: str, overwrite: bool = False):
    """Yields a temporary folder; its files end up in `output_dir`, the JSON last, or nowhere.

    Args:
      output_dir: made when missing; other files in it stay.
      overwrite: replace earlier predictions, together with the pictures that they name.

    Raises:
      UserError: `output_dir` holds predictions that may not be replaced, or cannot be written.
    """
    refuse_existing(output_dir, overwrite)
    prefix = f"{os.path.normpath(output_dir)}.incomplete-"
    remove_remains(prefix)
    folder = temporary_path(prefix)
    try:
        if os.path.exists(output_dir) and not os.path.isdir(output_dir):
            raise UserError(f"Cannot write to {output_dir}: it is a file; name a folder.")
        os.makedirs(folder)
        yield folder
        _move(folder, output_dir)
    except OSError as error:
        raise UserError(f"Cannot write to {output_dir}: {error.strerror}.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _move(folder: str, output_dir: str) -> None:
    if not os.path.exists(output_dir):
        os.rename(folder, output_dir)
        return
    _remove_earlier(output_dir)
    pictures = os.path.join(folder, PICTURE_FOLDER)
    if os.path.isdir(pictures):
        os.makedirs(os.path.join(output_dir, PICTURE_FOLDER), exist_ok=True)
        for name in os.listdir(pictures):
            os.replace(os.path.join(pictures, name), os.path.join(output_dir, PICTURE_FOLDER, name))
    os.replace(os.path.join(folder, FILE_NAME), os.path.join(output_dir, FILE_NAME))


def _remove_earlier(output_dir: str) -> None:
    """Removes earlier predictions and the pictures they name, and nothing else in `drawn`."""
    path = os.path.join(output_dir, FILE_NAME)
    try:
        with open(path, encoding="utf-8") as stream:
            drawn = [image["drawn"] for image in json.load(stream)["images"] if "drawn" in image]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        drawn = []
    for name in drawn:
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(output_dir, PICTURE_FOLDER, os.path.basename(name)))
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)
