"""What an evaluation leaves on disk."""

import contextlib
import json
import os

from centernet_tf.errors import UserError

REPORT_NAME = "report.html"


def results_folder(model_dir: str, config, split: str) -> str:
    """Where the scores of a split are kept: `evaluation`, or `evaluation_SPLIT` for another split.

    Args:
      model_dir: folder of the trained model.
      config: its experiment, whose `data.eval_split` is the one that needs no name.
      split: name of the split; '' is that one.
    """
    is_own = split in ("", config.data.eval_split)
    return os.path.join(model_dir, "evaluation" if is_own else f"evaluation_{split}")


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
