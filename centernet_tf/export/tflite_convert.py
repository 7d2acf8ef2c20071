"""From the parts of a detector to one flatbuffer in the variant asked for."""

import tempfile

import tensorflow as tf
from tensorflow.lite.python.convert_phase import ConverterError

from centernet_tf.errors import UserError
from centernet_tf.export import flatbuffer
from centernet_tf.export.calibration_images import calibration_images
from centernet_tf.export.native_output import hidden_unless_it_fails
from centernet_tf.export.options import DEFAULT_OPTIONS, ExportOptions
from centernet_tf.export.quantize import quantize
from centernet_tf.export.tflite_graphs import GraphPart, graph_parts, output_names
from centernet_tf.export.tflite_options import DEFAULT_TFLITE_OPTIONS, TFLiteOptions


def convert(
    trained,
    options: ExportOptions = DEFAULT_OPTIONS,
    lite: TFLiteOptions = DEFAULT_TFLITE_OPTIONS,
) -> bytes:
    """Returns the flatbuffer of a detector, see `tflite_graphs.graph_parts`.

    Raises:
      UserError: the network needs operations that are not built into TFLite, it has no raw head, or
        the images to find int8's ranges by are not here.
    """
    if lite.variant == "int8":
        images = calibration_images(trained, lite.calibration_images)
    before, network, after = graph_parts(trained, options, lite)
    if lite.variant == "int8":
        middle = quantize(_convert(network, calibrate_by=images))
    else:
        middle = _convert(network, lite.variant)
    height, width = trained.config.data.input_size
    parts = [_convert(before), middle, _convert(after)]
    return flatbuffer.join(parts, [1, height, width, 3], output_names(lite))


def _convert(part: GraphPart, variant: str = "float32", calibrate_by=None) -> bytes:
    """Converts one part.

    Args:
      part: the part.
      variant: float32, float16 or dynamic_int8.
      calibrate_by: function that yields values of the only input; with it the result is in float32
        and notes the range of every tensor.
    """
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(part, folder, signatures={flatbuffer.SIGNATURE: part.run})
        converter = tf.lite.TFLiteConverter.from_saved_model(
            folder, signature_keys=[flatbuffer.SIGNATURE]
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if variant != "float32" or calibrate_by:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if variant == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if calibrate_by:
            converter.representative_dataset = lambda: ([value] for value in calibrate_by())
            # What tf.lite.experimental.QuantizationDebugger sets, too, to quantise by itself.
            converter._experimental_calibrate_only = True
        failure = None
        with hidden_unless_it_fails():
            try:
                return converter.convert()
            except ConverterError as error:
                failure = error
    raise UserError(
        f"The network cannot be written with TFLite's built-in operations alone: {_reason(failure)}"
    ) from failure


def _reason(error: Exception) -> str:
    """The converter's list of foreign operations, or the first line of what it says."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    named = [line for line in lines if line.startswith(("TF Select ops:", "Custom ops:"))]
    return " ".join(named or lines[:1])
