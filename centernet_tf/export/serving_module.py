"""The three signatures that TF Serving offers of a detector."""

import tensorflow as tf

from centernet_tf.export.image_detector import (
    ImageDetector,
    category_ids,
    meant_rows,
    normalized_boxes,
)
from centernet_tf.export.image_rows import letterbox_rows
from centernet_tf.export.image_status import GOOD
from centernet_tf.export.options import DEFAULT_OPTIONS, ExportOptions
from centernet_tf.ops.detections import Detections
from centernet_tf.ops.weighted_rows import sparse_products


class ServingModule(tf.Module):
    """Encoded or decoded images in, detections in the Object Detection API's names out.

    Signatures, each with a dynamic batch:
      serving_default: `image_bytes`, string [B], JPEG, PNG or BMP of any and mixed sizes.
      image_tensor: `image_tensor`, uint8 [B, height, width, 3], RGB.
      tf_example: `tf_example`, string [B], serialised tf.train.Example with `image/encoded`.

    Outputs of each:
      detection_boxes: float32 [B, K, 4], yxyx, 0..1 of the original image as stored (an EXIF
        orientation is not applied); a box that overhangs the image is not clipped, as in the
        evaluation. With `box_units='pixels'` it is called `detection_boxes_px` and is in pixels of
        the original image: who reads the one for the other finds nothing instead of nonsense.
      detection_scores: float32 [B, K], falling; 0 in the padding.
      detection_classes: float32 [B, K], the data set's own category ids, as the Object Detection
        API types them; 0 in the padding.
      detection_class_names: string [B, K], '' in the padding.
      num_detections: float32 [B], how many leading rows are meant.
      image_status: int32 [B], 0 where the image could be read; else num_detections is 0 and the
        number says why, see `image_status`. The other images of the batch are not affected.
      raw_NAME: with `raw_maps`, float32 [B, H', W', C], the network's maps of the letterboxed
        image, as the decoder gets them.
    """

    def __init__(self, trained, options: ExportOptions = DEFAULT_OPTIONS):
        super().__init__(name="centernet_tf")
        detector = ImageDetector(trained, options)
        self.network_variables = detector.variables
        # A closure, because an attribute that holds the detector would have tf.Module walk into it.
        self._detect = lambda *images: _detect(detector, options, *images)
        self._letterbox = detector.letterbox
        self._input_size = detector.input_size
        self._max_pixels = options.max_pixels

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
        return self._detect(*self._read(image_bytes, tf.identity))

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
        return self._detect(letterboxed, sizes, tf.fill(shape[:1], GOOD))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="tf_example")])
    def detect_tf_example(self, tf_example):
        """Detects in serialised tf.train.Examples, string [B]."""
        return self._detect(*self._read(tf_example, _encoded_of_example))

    def _read(self, rows, to_image_bytes):
        return letterbox_rows(rows, to_image_bytes, self._input_size, self._max_pixels)


def _encoded_of_example(serialized):
    features = {"image/encoded": tf.io.FixedLenFeature([], tf.string)}
    return tf.io.parse_single_example(serialized, features)["image/encoded"]


def _detect(detector, options, letterboxed, image_sizes, status):
    count = tf.shape(status)[0]
    letterboxed, image_sizes, status = map(_never_empty, (letterboxed, image_sizes, status))
    with sparse_products(options.sampling == "auto"):
        maps = detector.maps(letterboxed)
    found = _without_bad_images(detector.detections(maps, image_sizes), status)
    names = tf.constant([category.name for category in detector.categories], tf.string)
    is_meant = meant_rows(found.count, found.scores.shape[1])
    if options.box_units == "pixels":
        boxes = {"detection_boxes_px": found.boxes}
    else:
        boxes = {"detection_boxes": normalized_boxes(found.boxes, image_sizes)}
    raw = {f"raw_{name}": value for name, value in maps.items()} if options.raw_maps else {}
    outputs = {
        **boxes,
        "detection_scores": found.scores,
        "detection_classes": category_ids(found.classes, found.count, detector.categories),
        "detection_class_names": tf.where(is_meant, tf.gather(names, found.classes), ""),
        "num_detections": tf.cast(found.count, tf.float32),
        "image_status": status,
        **raw,
    }
    return {name: value[:count] for name, value in outputs.items()}


def _never_empty(values):
    """Gives an empty batch one row, of ones: oneDNN's kernels fail without any.

    Other batches are not copied, as padding by nothing hands its input on.
    """
    missing = tf.cast(tf.shape(values)[0] == 0, tf.int32)
    paddings = [[0, missing]] + [[0, 0]] * (values.shape.rank - 1)
    padded = tf.pad(values, paddings, constant_values=1)
    return tf.ensure_shape(padded, [None, *values.shape[1:]])


def _without_bad_images(found, status):
    """Empties the rows of images that could not be read."""
    is_good = status == GOOD

    def keep(values):
        mask = tf.reshape(is_good, [-1] + [1] * (values.shape.rank - 1))
        return tf.where(mask, values, tf.zeros_like(values))

    return Detections(*map(keep, found))
