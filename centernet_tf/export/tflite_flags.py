"""The flags of a TFLite export."""

import dataclasses

from absl import flags

from centernet_tf.export.options import SAVED_MODEL_ONLY
from centernet_tf.export.tflite_options import (
    AP_DROP,
    AP_DROP_DEFORMABLE,
    DEFAULT_TFLITE_OPTIONS,
    HEADS,
    RAW_AP_DROP,
    VARIANTS,
    TFLiteOptions,
)

flags.DEFINE_enum(
    "tflite_variant",
    DEFAULT_TFLITE_OPTIONS.variant,
    VARIANTS,
    "Precision; int8 and dynamic_int8 need the data set the model was trained on.",
)
flags.DEFINE_enum(
    "tflite_head",
    DEFAULT_TFLITE_OPTIONS.head,
    HEADS,
    "full: detections; raw: maps of a letterboxed image, for delegates.",
)
flags.DEFINE_integer(
    "tflite_check_images",
    DEFAULT_TFLITE_OPTIONS.check_images,
    "Records of the evaluation split to score the file on, at most.",
    lower_bound=1,
)
flags.DEFINE_integer(
    "tflite_calibration_images",
    DEFAULT_TFLITE_OPTIONS.calibration_images,
    "Images of the training split by which int8 finds its ranges.",
    lower_bound=1,
)
flags.DEFINE_float(
    "tflite_max_ap_drop",
    DEFAULT_TFLITE_OPTIONS.max_ap_drop,
    "How much lower the AP50 of an int8 or dynamic_int8 file may be; without it "
    f"{AP_DROP}, or {AP_DROP_DEFORMABLE} with deformable layers. Files of the head raw, whatever "
    f"their variant, may lose {RAW_AP_DROP} more, as their image is rounded to whole grey levels.",
    lower_bound=0,
    upper_bound=1,
)


_FIELDS = [field.name for field in dataclasses.fields(TFLiteOptions)]


def of_other_formats(export_format: str) -> list:
    """Names of the flags of an export that say nothing in this format."""
    if export_format == "tflite":
        return list(SAVED_MODEL_ONLY)
    return [f"tflite_{name}" for name in _FIELDS]


def read() -> TFLiteOptions:
    """Returns the options that the parsed flags say."""
    return TFLiteOptions(**{name: flags.FLAGS[f"tflite_{name}"].value for name in _FIELDS})
