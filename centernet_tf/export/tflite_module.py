"""The graph of the TFLite file: one image of any size in, its detections out."""

import tensorflow as tf

from centernet_tf.export.builtin_warp import warp_image
from centernet_tf.export.image_detector import ImageDetector, category_ids, normalized_boxes
from centernet_tf.export.options import DEFAULT_OPTIONS, ExportOptions
from centernet_tf.ops.geometry import letterbox_transform

# Their alphabetical order is the conventional one.
OUTPUT_NAMES = ("detection_boxes", "detection_classes", "detection_scores", "num_detections")


class TFLiteModule(tf.Module):
    """A detector with one signature, `serving_default`.

    Input:
      image: uint8 [1, height, width, 3], RGB, of any size: the interpreter is told the size by
        resizing its input, which Python's signature runner and Java's `run` do by themselves. The
        letterbox is inside, so that no client has to rebuild it, to the pixel, for its scores to be
        the trained model's.

    Outputs, float32:
      detection_boxes: [1, K, 4], yxyx, 0..1 of the image; not clipped.
      detection_classes: [1, K], the data set's own category ids; 0 in the padding.
      detection_scores: [1, K], falling; 0 in the padding.
      num_detections: [1], how many leading rows are meant.
    """

    def __init__(self, trained, options: ExportOptions = DEFAULT_OPTIONS):
        super().__init__(name="centernet_tf")
        detector = ImageDetector(trained, options)
        self.network_variables = detector.variables
        # A closure, because an attribute that holds the detector would have tf.Module walk into it.
        self._run = lambda image: _detect(detector, image)

    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8, name="image")])
    def detect(self, image):
        """Detects in one image."""
        return self._run(image)


def _detect(detector, image):
    size = tf.shape(image)[1:3]
    transform = letterbox_transform(size, detector.input_size)
    letterboxed = warp_image(image, transform, detector.input_size)
    found = detector.detect(letterboxed, size[tf.newaxis])
    values = (
        normalized_boxes(found.boxes, size[tf.newaxis]),
        category_ids(found.classes, found.count, detector.categories),
        found.scores,
        tf.cast(found.count, tf.float32),
    )
    return dict(zip(OUTPUT_NAMES, values))
