"""A trained network, held in memory, as a predictor."""

import tensorflow as tf

from centernet_tf.export.image_detector import ImageDetector
from centernet_tf.export.options import DEFAULT_OPTIONS, ExportOptions
from centernet_tf.ops.detections import Detections
from centernet_tf.ops.weighted_rows import sparse_products


class KerasPredictor:
    """Detects with the Keras model of a model directory.

    Attributes:
      categories: the data set's categories in the order of the contiguous classes.
    """

    def __init__(self, trained, options: ExportOptions = DEFAULT_OPTIONS):
        detector = ImageDetector(trained, options)
        self.categories = detector.categories

        @tf.function(input_signature=[tf.TensorSpec([None, None, 3], tf.uint8)])
        def detect(image):
            sizes = tf.shape(image)[tf.newaxis, :2]
            with sparse_products():
                return detector.detect(detector.letterbox(image)[tf.newaxis], sizes)

        self._detect = detect

    def predict(self, image) -> Detections:
        """See `predictor.Predictor`."""
        boxes, scores, classes, count = (value.numpy()[0] for value in self._detect(image))
        return Detections(boxes[:count], scores[:count], classes[:count], count)
