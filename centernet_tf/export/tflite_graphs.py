"""The three parts of the graph of a TFLite file: before, in and after the network.

They are converted one by one, because only the network may become int8: coordinates and the decoder
stay in float32 in every variant.
"""

from typing import Callable, Tuple

import tensorflow as tf

from centernet_tf.errors import UserError
from centernet_tf.export.builtin_warp import warp_and_normalize
from centernet_tf.export.image_detector import ImageDetector, category_ids, normalized_boxes
from centernet_tf.export.options import ExportOptions
from centernet_tf.export.tflite_options import TFLiteOptions
from centernet_tf.ops.geometry import letterbox_transform
from centernet_tf.ops.normalize import normalize_by_convolution
from centernet_tf.ops.peak_filter import filter_peaks

# Their alphabetical order is the conventional one.
FULL_OUTPUTS = ("detection_boxes", "detection_classes", "detection_scores", "num_detections")
RAW_OUTPUTS = ("offset", "peaks", "size")


class GraphPart(tf.Module):
    """A function of named tensors with the variables it reads, ready to be saved.

    Attributes:
      run: the concrete function, from tensors by name to a dict of them.
    """

    def __init__(self, function: Callable, inputs, variables=()):
        super().__init__(name="centernet_tf")
        self.tracked_variables = list(variables)
        specs = {spec.name: spec for spec in inputs}
        self.run = tf.function(function).get_concrete_function(**specs)


def output_names(lite: TFLiteOptions) -> Tuple[str, ...]:
    """The outputs of a file in their order."""
    return FULL_OUTPUTS if lite.head == "full" else RAW_OUTPUTS


def graph_parts(trained, options: ExportOptions, lite: TFLiteOptions) -> Tuple[GraphPart, ...]:
    """Returns the parts; outputs of one are inputs of a later one of the same name.

    full: image uint8 [1, height, width, 3], RGB, of any size -> FULL_OUTPUTS, float32:
      detection_boxes [1, K, 4], yxyx, 0..1 of the image, not clipped; detection_classes [1, K], the
      data set's own category ids, 0 in the padding; detection_scores [1, K], falling, 0 in the
      padding; num_detections [1], how many leading rows are meant. The letterbox is inside, so that
      no client has to rebuild it, to the pixel, for its scores to be the trained model's.
    raw: image uint8 [1, H, W, 3], RGB, letterboxed to the network input -> RAW_OUTPUTS, float32:
      peaks [1, H/4, W/4, C], probabilities, 0 but at the peaks; size and offset [1, H/4, W/4, 2].
      `raw_decoder` makes detections of them.

    Raises:
      UserError: the detector has no raw head.
    """
    detector = ImageDetector(trained, options)
    height, width = detector.input_size
    normalized = tf.TensorSpec([1, height, width, 3], tf.float32, name="normalized")
    network = GraphPart(detector.maps_of_normalized, [normalized], detector.variables)
    maps = [
        tf.TensorSpec(value.shape, tf.float32, name=name)
        for name, value in network.run.structured_outputs.items()
    ]
    if lite.head == "raw":
        _require_raw_head(trained, options, maps)
        image = tf.TensorSpec([1, height, width, 3], tf.uint8, name="image")
        before = GraphPart(lambda image: {"normalized": _normalized(detector, image)}, [image])
        (heatmap,) = [spec for spec in maps if spec.name == "heatmap"]
        after = GraphPart(
            lambda heatmap: {"peaks": tf.sigmoid(_filtered(trained, heatmap, lite))}, [heatmap]
        )
        return before, network, after
    image = tf.TensorSpec([1, None, None, 3], tf.uint8, name="image")
    size = tf.TensorSpec([1, 2], tf.int32, name="image_size")
    before = GraphPart(lambda image: _letterbox(detector, image), [image])
    after = GraphPart(
        lambda image_size, **maps: _detections(trained, detector, lite, maps, image_size),
        [size, *maps],
    )
    return before, network, after


def _normalized(detector, image):
    return normalize_by_convolution(tf.cast(image, tf.float32), *detector.normalization)


def _letterbox(detector, image):
    size = tf.shape(image)[1:3]
    transform = letterbox_transform(size, detector.input_size)
    normalized = warp_and_normalize(image, transform, detector.input_size, *detector.normalization)
    return {"normalized": normalized, "image_size": size[tf.newaxis]}


def _detections(trained, detector, lite, maps, image_size):
    is_filtered = lite.is_quantized and hasattr(trained.detector.options, "peak_kernel")
    if is_filtered:
        maps = {
            name: _filtered(trained, value, lite) if "heatmap" in name else value
            for name, value in maps.items()
        }
    # Where there are fewer peaks than rows, corners may pair with what is none, so their decoder
    # looks for itself; a centre that is no peak scores 0.
    are_peaks = is_filtered and trained.config.model.detector == "centernet"
    found = detector.detections(maps, image_size, are_peaks)
    values = (
        normalized_boxes(found.boxes, image_size),
        category_ids(found.classes, found.count, detector.categories),
        found.scores,
        tf.cast(found.count, tf.float32),
    )
    return dict(zip(FULL_OUTPUTS, values))


def _filtered(trained, heatmap, lite):
    return filter_peaks(heatmap, trained.detector.options.peak_kernel, lite.is_quantized)


def _require_raw_head(trained, options, maps) -> None:
    channels = {spec.name: spec.shape[-1] for spec in maps}
    names, advice = sorted(channels), "Export it with tflite_head=full."
    if trained.config.model.detector != "centernet" or names != ["heatmap", "offset", "size"]:
        raise UserError(
            "The raw head is for the detector 'centernet' with the maps heatmap, size and offset; "
            f"this is '{trained.config.model.detector}' with {', '.join(names)}. {advice}"
        )
    if channels["size"] != 2:
        raise UserError(
            f"The raw head has one size a cell, and model.options.cat_spec_wh one a class. {advice}"
        )
    if options.nms_iou or trained.detector.options.box_nms:
        raise UserError(
            "The decoder of the raw head suppresses no boxes, as nms_iou or model.options.box_nms "
            f"asks for. {advice}"
        )
