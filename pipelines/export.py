r"""Exports a trained detector for TF Serving or TFLite.

    python -m pipelines.export --model_dir=runs/bccd --format=saved_model --output=served/bccd
    python -m pipelines.export --model_dir=runs/bccd --format=tflite --output=bccd.tflite

A SavedModel becomes the next numbered version in --output; beside bccd.tflite stand its class
names, bccd.labels.json, and where it comes from, bccd.json. Either is compared with the trained
network on four images, and kept only if it finds the same.
"""

from absl import flags

from centernet_tf import cli
from centernet_tf.export.options import DEFAULT_OPTIONS, ExportOptions

flags.DEFINE_string("model_dir", None, "Folder of a trained detector.")
flags.DEFINE_enum("format", "saved_model", ["saved_model", "tflite"], "What to write.")
flags.DEFINE_string(
    "output", None, "Folder of the SavedModel's versions, or path of the .tflite file."
)
flags.DEFINE_integer(
    "max_detections",
    DEFAULT_OPTIONS.max_detections,
    "Detections an image; 0 is as many as the decoder finds.",
    lower_bound=0,
)
flags.DEFINE_float(
    "score_threshold",
    DEFAULT_OPTIONS.score_threshold,
    "Leave out detections that score less; built into the export.",
    lower_bound=0,
    upper_bound=1,
)


def main(_):
    from centernet_tf.export.job import run_export

    values = flags.FLAGS
    options = ExportOptions(values.max_detections, values.score_threshold)
    print(run_export(values.model_dir, values.format, values.output, options))


if __name__ == "__main__":
    cli.run(main, required=["model_dir", "output"], existing=["model_dir"])
