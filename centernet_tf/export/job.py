"""From a model directory to an exported detector and one line about it."""

import json
import os

from centernet_tf.count_of import count_of
from centernet_tf.errors import UserError, nearest
from centernet_tf.export.options import DEFAULT_OPTIONS, ExportOptions
from centernet_tf.training.model_dir import load_trained

FORMATS = ("saved_model", "tflite")


def run_export(
    model_dir: str, export_format: str, output: str, options: ExportOptions = DEFAULT_OPTIONS
) -> str:
    """Exports the newest checkpoint.

    Args:
      model_dir: of a trained detector.
      export_format: one of `FORMATS`.
      output: folder of the versions of a SavedModel, or the path of a .tflite file.
      options: see `ExportOptions`.

    Returns:
      one line: where it is, and how far it is from the trained network.

    Raises:
      UserError: see `load_trained`, `export_saved_model` and `export_tflite`.
    """
    if export_format not in FORMATS:
        raise UserError(
            f"The format must be one of {', '.join(FORMATS)}; got '{export_format}'."
            f"{nearest(export_format, FORMATS)}"
        )
    trained = load_trained(model_dir)
    if export_format == "tflite":
        from centernet_tf.export.tflite import export_tflite

        path = export_tflite(trained, output, options)
        description = os.path.splitext(path)[0] + ".json"
    else:
        from centernet_tf.export.saved_model import export_saved_model

        path = export_saved_model(trained, output, options)
        description = os.path.join(path, "assets", "metadata.json")
    with open(description, encoding="utf-8") as stream:
        check = json.load(stream)["check"]
    artefact = "It was" if export_format == "tflite" else "Each of its signatures was"
    return (
        f"Exported step {trained.step} to {path}. {artefact} compared with the trained network on "
        f"{count_of(check['num_detections'], 'detection')} in {check['images']}: boxes agree "
        f"within {check['box_px']:.2g} px, scores within {check['score']:.2g}."
    )
