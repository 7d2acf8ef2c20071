r"""Exports a trained detector for TF Serving or TFLite.

    python -m pipelines.export --model_dir=runs/bccd --format=saved_model --output=served/bccd
    python -m pipelines.export --model_dir=runs/bccd --format=tflite --output=bccd.tflite
    python -m pipelines.export --model_dir=runs/bccd --format=tflite --output=bccd8.tflite \
        --tflite_variant=int8

A SavedModel becomes the next numbered version in --output, beside deploy/, which says how to serve
it; pipelines.serve serves it for development. Beside bccd.tflite stand its class
names, bccd.labels.json; where it comes from, bccd.json; bccd.export_report.json (size, speed, AP
beside the trained network's, operations) and bccd.md, how to call it from Python and Kotlin. Either
is compared with the trained network, and kept only if it finds the same.
"""

import dataclasses

from absl import flags

from centernet_tf import cli
from centernet_tf.export import tflite_flags
from centernet_tf.export.options import BOX_UNITS, DEFAULT_OPTIONS, SAMPLINGS, ExportOptions

flags.DEFINE_string("model_dir", None, "Folder of a trained detector.")
flags.DEFINE_enum("checkpoint", "newest", ["newest", "best"], "Newest, or of the highest AP.")
flags.DEFINE_string("data_dir", "", "Folder of the data set; '' is the one trained on.")
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
flags.DEFINE_bool(
    "flip_test",
    DEFAULT_OPTIONS.flip_test,
    "Merge with the mirror image, at twice the time; built into the export.",
)
flags.DEFINE_float(
    "nms_iou",
    DEFAULT_OPTIONS.nms_iou,
    "Of two boxes of a class that overlap by more, leave out the lower; 0 leaves out none.",
    lower_bound=0,
    upper_bound=1,
)
flags.DEFINE_enum(
    "box_units",
    DEFAULT_OPTIONS.box_units,
    BOX_UNITS,
    "SavedModel: detection_boxes in 0..1, or detection_boxes_px in pixels of the image.",
)
flags.DEFINE_bool(
    "raw_maps", DEFAULT_OPTIONS.raw_maps, "SavedModel: put the network's maps out as raw_NAME."
)
flags.DEFINE_integer(
    "max_pixels",
    DEFAULT_OPTIONS.max_pixels,
    "SavedModel: larger images are refused, with an image_status.",
    lower_bound=1,
)
flags.DEFINE_string(
    "model_name",
    DEFAULT_OPTIONS.model_name,
    "SavedModel: its name on servers; without it, the name of the folder --output.",
)
flags.DEFINE_enum(
    "sampling",
    DEFAULT_OPTIONS.sampling,
    SAMPLINGS,
    "SavedModel of deformable layers: portable is for serving on GPUs what a CPU exports.",
)
flags.adopt_module_key_flags(tflite_flags)


def main(_):
    from centernet_tf.export.job import run_export

    values = flags.FLAGS
    cli.refuse_flags(tflite_flags.of_other_formats(values.format), f"with --format={values.format}")
    names = [field.name for field in dataclasses.fields(ExportOptions)]
    options = ExportOptions(**{name: values[name].value for name in names})
    places = values.model_dir, values.format, values.output
    more = options, tflite_flags.read(), values.checkpoint, values.data_dir
    print(run_export(*places, *more))


if __name__ == "__main__":
    cli.run(main, required=["model_dir", "output"], existing=["model_dir", "data_dir"])
