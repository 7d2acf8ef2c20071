"""What an evaluation leaves on disk."""

import contextlib
import json
import os

from centernet_tf.errors import UserError

REPORT_NAME = "report.html"


def write_results(folder: str, metrics: dict, detections: list) -> None:
    """Writes metrics.json and detections.json; each is whole or not there.

    A report of an earlier evaluation is removed, as it would contradict them.

    Raises:
      UserError: the folder cannot be written.
    """
    try:
        os.makedirs(folder, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(folder, REPORT_NAME))
        for name, value, indent in (
            ("detections.json", detections, None),
            ("metrics.json", metrics, 2),
        ):
            temporary = os.path.join(folder, name + ".tmp")
            with open(temporary, "w", encoding="utf-8") as stream:
                json.dump(value, stream, indent=indent)
                stream.write("\n")
            os.replace(temporary, os.path.join(folder, name))
    except OSError as error:
        raise UserError(f"Cannot write the evaluation to {folder}: {error.strerror}.") from error
