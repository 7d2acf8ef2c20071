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
    folder = temporary_path(prefix)
    with _faults_of_writing_told(output_dir):
        remove_remains(prefix)
        if os.path.exists(output_dir) and not os.path.isdir(output_dir):
            raise UserError(f"Cannot write to {output_dir}: it is a file; name a folder.")
        os.makedirs(folder)
    try:
        yield folder
        with _faults_of_writing_told(output_dir):
            _move(folder, output_dir)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _faults_of_writing_told(output_dir):
    try:
        yield
    except OSError as error:
        raise UserError(f"Cannot write to {output_dir}: {error.strerror}.") from error


def _move(folder: str, output_dir: str) -> None:
    if not os.path.exists(output_dir):
        os.rename(folder, output_dir)
        return
    before, after = _pictures_of(output_dir), _pictures_of(folder)
    for name in sorted(after - before):
        if os.path.exists(os.path.join(output_dir, PICTURE_FOLDER, name)):
            raise UserError(
                f"Cannot write {os.path.join(output_dir, PICTURE_FOLDER, name)}: it is no picture "
                "of earlier predictions; move it away, or name another --output_dir."
            )
    if after:
        os.makedirs(os.path.join(output_dir, PICTURE_FOLDER), exist_ok=True)
    for name in [os.path.join(PICTURE_FOLDER, each) for each in sorted(after)] + [FILE_NAME]:
        os.replace(os.path.join(folder, name), os.path.join(output_dir, name))
    for name in before - after:
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(output_dir, PICTURE_FOLDER, name))


def _pictures_of(folder: str) -> set:
    """The names of the pictures that the predictions of a folder list; damaged ones list none."""
    try:
        with open(os.path.join(folder, FILE_NAME), encoding="utf-8") as stream:
            images = json.load(stream)["images"]
        return {os.path.basename(image["drawn"]) for image in images if "drawn" in image}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return set()
