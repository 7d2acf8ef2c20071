"""From a model directory to an exported detector and one line about it."""

import dataclasses
import json
import os

from centernet_tf.count_of import count_of
from centernet_tf.errors import UserError, nearest
from centernet_tf.export.options import DEFAULT_OPTIONS, ExportOptions
from centernet_tf.export.tflite_options import DEFAULT_TFLITE_OPTIONS, TFLiteOptions
from centernet_tf.training.model_dir import load_trained

FORMATS = ("saved_model", "tflite")


def run_export(
    model_dir: str,
    export_format: str,
    output: str,
    options: ExportOptions = DEFAULT_OPTIONS,
    lite: TFLiteOptions = DEFAULT_TFLITE_OPTIONS,
    checkpoint: str = "newest",
    data_dir: str = "",
) -> str:
    """Exports a checkpoint.

    Args:
      model_dir: of a trained detector.
      export_format: one of `FORMATS`.
      output: folder of the versions of a SavedModel, or the path of a .tflite file.
      options: see `ExportOptions`.
      lite: see `TFLiteOptions`; of a .tflite file alone.
      checkpoint: see `load_trained`.
      data_dir: folder of the data set; '' is the one trained on.

    Returns:
      where it is, and how far it is from the trained network: one line, below the report's table
      for a .tflite file.

    Raises:
      UserError: see `load_trained`, `export_saved_model` and `export_tflite`.
    """
    if export_format not in FORMATS:
        raise UserError(
            f"The format must be one of {', '.join(FORMATS)}; got '{export_format}'."
            f"{nearest(export_format, FORMATS)}"
        )
    if export_format == "saved_model" and output.endswith(".tflite"):
        raise UserError(
            f"A SavedModel is a folder, and {output} the name of a TFLite file; give "
            "--format=tflite, or another --output."
        )
    trained = load_trained(model_dir, checkpoint)
    if data_dir:
        config = trained.config.replace(data={"path": data_dir})
        trained = dataclasses.replace(trained, config=config)
    if export_format == "tflite":
        return _run_tflite(trained, output, options, lite)
    from centernet_tf.export.saved_model import export_saved_model

    path = export_saved_model(trained, output, options)
    check = _read_json(os.path.join(path, "assets", "metadata.json"))["check"]
    return (
        f"Exported {_weights(trained)} to {path}. Each of its signatures was {_compared(check)}: "
        f"boxes agree within {check['box_px']:.2g} px, scores within {check['score']:.2g}."
    )


def _run_tflite(trained, output, options, lite) -> str:
    from centernet_tf.export import companion_files
    from centernet_tf.export.tflite import export_tflite
    from centernet_tf.export.tflite_report import report_table

    name = os.path.splitext(output)[0]
    earlier = companion_files.export_there(name)
    path = export_tflite(trained, output, options, lite)
    report = _read_json(name + companion_files.REPORT)
    replaced = ""
    if earlier:
        was = ", ".join(str(earlier.get(key)) for key in ("variant", "head"))
        replaced = f" It replaced that of step {earlier.get('step')} ({was})."
    return (
        f"{report_table(report)}\n"
        f"Exported {_weights(trained)} to {path}.{replaced} It was "
        f"{_compared(report['difference'])}. How to call it stands in {name}.md."
    )


def _weights(trained) -> str:
    average = " (averaged weights)" if trained.weights == "ema" else ""
    return f"step {trained.step}{average}"


def _compared(check: dict) -> str:
    detections = count_of(check["num_detections"], "detection")
    if not check["num_detections"]:
        detections += " (it is not sure of anything there, so this proves nothing: train further)"
    return f"compared with the trained network on {detections} in {check['images']}"


def _read_json(path: str) -> dict:
    with open(path, encoding="utf-8") as stream:
        return json.load(stream)
