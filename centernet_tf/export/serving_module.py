"""The three signatures that TF Serving offers of a detector."""

import tensorflow as tf

from centernet_tf.data.encoded_image import open_image
from centernet_tf.data.letterbox import read_letterbox
from centernet_tf.export.image_detector import (
    ImageDetector,
    category_ids,
    meant_rows,
    normalized_boxes,
)
from centernet_tf.export.options import DEFAULT_OPTIONS, ExportOptions


class ServingModule(tf.Module):
    """Encoded or decoded images in, detections in the Object Detection API's names out.

    Signatures, each with a dynamic batch:
      serving_default: `image_bytes`, string [B], JPEG, PNG, BMP or GIF (its first frame) of any and
        mixed sizes.
      image_tensor: `image_tensor`, uint8 [B, height, width, 3], RGB.
      tf_example: `tf_example`, string [B], serialised tf.train.Example with `image/encoded`.

    Outputs of each:
      detection_boxes: float32 [B, K, 4], yxyx, 0..1 of the original image as stored (an EXIF
        orientation is not applied); a box that overhangs the image is not clipped, as in the
        evaluation.
      detection_scores: float32 [B, K], falling; 0 in the padding.
      detection_classes: float32 [B, K], the data set's own category ids, as the Object Detection
        API types them; 0 in the padding.
      detection_class_names: string [B, K], '' in the padding.
      num_detections: float32 [B], how many leading rows are meant.
    """

    def __init__(self, trained, options: ExportOptions = DEFAULT_OPTIONS):
        super().__init__(name="centernet_tf")
        detector = ImageDetector(trained, options)
        self.network_variables = detector.variables
        # A closure, because an attribute that holds the detector would have tf.Module walk into it.
        self._detect = lambda images, sizes: _detect(detector, images, sizes)
        self._letterbox = detector.letterbox
        self._input_size = detector.input_size

    def signatures(self) -> dict:
        """Returns the mapping that `tf.saved_model.save` takes."""
        return {
            "serving_default": self.detect_image_bytes,
            "image_tensor": self.detect_image_tensor,
            "tf_example": self.detect_tf_example,
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes")])
    def detect_image_bytes(self, image_bytes):
        """Detects in encoded images, string [B]."""
        return self._detect(*self._decode(image_bytes))

    @tf.function(
        input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8, name="image_tensor")]
    )
    def detect_image_tensor(self, image_tensor):
        """Detects in images of one size, uint8 [B, height, width, 3]."""
        shape = tf.shape(image_tensor)
        sizes = tf.tile(shape[tf.newaxis, 1:3], [shape[0], 1])
        # One by one as well: TensorFlow's optimizer logs a warning for a warp of unknown batch
        # size.
        spec = tf.TensorSpec([*self._input_size, 3], tf.float32)
        letterboxed = tf.map_fn(self._letterbox, image_tensor, fn_output_signature=spec)
        return self._detect(letterboxed, sizes)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="tf_example")])
    def detect_tf_example(self, tf_example):
        """Detects in serialised tf.train.Examples, string [B]."""
        features = {"image/encoded": tf.io.FixedLenFeature([], tf.string)}
        parsed = tf.io.parse_example(tf_example, features)
        return self._detect(*self._decode(parsed["image/encoded"]))

    def _decode(self, image_bytes):
        """Returns letterboxed images float32 [B, H, W, 3] and their sizes int32 [B, 2].

        The images are letterboxed one by one: they have no common size before.
        """

        def decode_one(encoded):
            image = open_image(encoded)
            letterboxed, _ = read_letterbox(image, self._input_size)
            return letterboxed, image.size

        specs = (
            tf.TensorSpec([*self._input_size, 3], tf.float32),
            tf.TensorSpec([2], tf.int32),
        )
        return tf.map_fn(decode_one, image_bytes, fn_output_signature=specs)


def _detect(detector, letterboxed, image_sizes):
    found = detector.detect(letterboxed, image_sizes)
    names = tf.constant([category.name for category in detector.categories], tf.string)
    is_meant = meant_rows(found.count, found.scores.shape[1])
    return {
        "detection_boxes": normalized_boxes(found.boxes, image_sizes),
        "detection_scores": found.scores,
        "detection_classes": category_ids(found.classes, found.count, detector.categories),
        "detection_class_names": tf.where(is_meant, tf.gather(names, found.classes), ""),
        "num_detections": tf.cast(found.count, tf.float32),
    }
