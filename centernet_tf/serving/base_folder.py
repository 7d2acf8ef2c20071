"""The folder of a model's versions, and what people give instead of it."""

import os

from centernet_tf.errors import UserError
from centernet_tf.export.version_folder import version_folders


def require_base_folder(path: str) -> None:
    """Refuses what cannot hold versions.

    Raises:
      UserError: it is a file, a version itself, or not there.
    """
    if os.path.isfile(path):
        raise UserError(
            f"{path} is a file; versions of a SavedModel are served: give the folder that python "
            "-m pipelines.export has written."
        )
    if not os.path.isdir(path):
        raise UserError(f"There is no folder {path}.")
    if os.path.exists(os.path.join(path, "saved_model.pb")):
        raise UserError(f"{path} is a version itself; give the folder that holds the versions.")


def without_version(path: str) -> str:
    """Says what to do about a folder without versions, as one sentence."""
    below = [entry.path for entry in os.scandir(path) if entry.is_dir()]
    below = sorted(each for each in below if os.access(each, os.R_OK) and version_folders(each))
    advice = "export one with python -m pipelines.export"
    if below:
        advice = f"give {' or '.join(below)}, which does"
    return f"{path} holds no version (a folder whose name is a number) yet; {advice}."
