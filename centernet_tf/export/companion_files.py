"""The files that stand beside a TFLite file: NAME.json and others beside NAME.tflite."""

import json
import os

from centernet_tf.errors import UserError

METADATA = ".json"
LABELS = ".labels.json"
REPORT = ".export_report.json"
GUIDE = ".md"
# The metadata first: an export that is killed half-way leaves none of the others without it.
ENDINGS = (METADATA, LABELS, REPORT, GUIDE)


def refuse_foreign(name: str) -> None:
    """Refuses to write over files that no TFLite export has written.

    Args:
      name: path of the TFLite file without its ending.

    Raises:
      UserError: there are such files, for instance a model directory's labels.json beside
        labels.tflite.
    """
    if export_there(name):
        return
    for ending in ENDINGS:
        if os.path.lexists(name + ending):
            raise UserError(
                f"A TFLite export to {name}.tflite would write over {name}{ending}, which is no "
                "file of such an export; give another --output, or move it away."
            )


def export_there(name: str) -> dict:
    """Returns the metadata of the TFLite export whose files are there already, {} of none."""
    try:
        with open(name + METADATA, encoding="utf-8") as stream:
            description = json.load(stream)
    except (OSError, ValueError):
        return {}
    is_export = isinstance(description, dict) and description.get("kind") == "tflite"
    return description if is_export else {}
