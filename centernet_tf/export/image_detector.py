"""From an image to detections in its own pixels: what every export has in common."""

import copy

import tensorflow as tf

from centernet_tf.detectors.stacks import inference_network
from centernet_tf.errors import UserError
from centernet_tf.export.options import DEFAULT_OPTIONS, ExportOptions
from centernet_tf.ops.custom_gradient import no_gradients
from centernet_tf.ops.detections import Detections
from centernet_tf.ops.geometry import (
    inverse_transform_boxes,
    letterbox_transform,
    warp_images,
)
from centernet_tf.ops.nms import class_nms
from centernet_tf.ops.normalize import normalize


class ImageDetector:
    """A trained network between the pre-processing of the evaluation and original-image boxes.

    It is deliberately no `tf.Module` or Keras object: a module that tracks a Keras model saves a
    traced copy of every layer's call besides the signatures. Exporters track `variables` instead.

    Attributes:
      variables: the variables of the network.
      categories: the data set's categories in the order of the contiguous classes.

    Raises:
      UserError: see `check_options`.
    """

    def __init__(self, trained, options: ExportOptions = DEFAULT_OPTIONS):
        check_options(trained, options)
        self._network = inference_network(trained.network)
        self.variables = list(self._network.variables)
        self.categories = tuple(trained.categories)
        self._trained = trained
        self._options = options

    @property
    def input_size(self):
        """(height, width) of the network input in pixels."""
        return tuple(self._trained.config.data.input_size)

    @property
    def normalization(self):
        """(channel_order, mean, std) of `ops.normalize`."""
        data = self._trained.config.data
        return data.channel_order, data.mean, data.std

    def letterbox(self, image):
        """Fits an image into the network input.

        Args:
          image: uint8 [h, w, 3], RGB.

        Returns:
          float32 [H, W, 3], RGB, 0..255, black outside the image.
        """
        transform = letterbox_transform(tf.shape(image)[:2], self.input_size)
        return warp_images(image[tf.newaxis], transform[tf.newaxis], self.input_size)[0]

    def detect(self, letterboxed, image_sizes) -> Detections:
        """Runs the network and maps the boxes back.

        Args:
          letterboxed: float32 [B, H, W, 3], RGB, 0..255, from `letterbox`.
          image_sizes: int32 [B, 2], (height, width) of the original images in pixels.

        Returns:
          Detections with boxes in pixels of the original images; rows from `count` on are zero.
        """
        return self.detections(self.maps(letterboxed), image_sizes)

    def maps(self, letterboxed) -> dict:
        """Returns the maps that the decoder reads, see `maps_of_normalized`.

        Args:
          letterboxed: see `detect`.
        """
        return self.maps_of_normalized(normalize(letterboxed, *self.normalization))

    def maps_of_normalized(self, normalized) -> dict:
        """Returns the maps that the decoder reads, float32; with `flip_test` the merged ones.

        Args:
          normalized: float32 [B, H, W, 3], from `letterbox` and `normalize`.
        """
        maps = self._run(normalized)
        if self._options.flip_test:
            mirrored = self._run(tf.reverse(normalized, axis=[2]))
            maps = self._trained.detector.merge_mirrored(maps, mirrored)
        return maps

    def detections(self, maps, image_sizes, are_peaks=False) -> Detections:
        """Decodes maps; see `detect`. With `are_peaks` their heat-maps hold nothing but peaks."""
        detector = self._trained.detector
        if are_peaks:
            detector = copy.copy(detector)
            detector.config = copy.deepcopy(detector.config)
            detector.options.peak_kernel = 1
        found = detector.decode(maps)
        transforms = letterbox_transform(image_sizes, self.input_size)
        found = found._replace(boxes=inverse_transform_boxes(found.boxes, transforms))
        return self._cut(found)

    def _run(self, images):
        with no_gradients():
            outputs = self._network(images, training=False)
        return tf.nest.map_structure(lambda value: tf.cast(value, tf.float32), outputs)

    def _cut(self, found: Detections) -> Detections:
        """Applies threshold, suppression and limit, and zeroes the padding."""
        rows = self._options.max_detections or found.scores.shape[1]
        scores = found.scores * tf.cast(self._kept(found), tf.float32)
        if self._options.nms_iou:
            return class_nms(found.boxes, scores, found.classes, self._options.nms_iou, rows)
        boxes, scores, classes = (value[:, :rows] for value in (found.boxes, scores, found.classes))
        kept = scores > 0.0
        return Detections(
            boxes=boxes * tf.cast(kept, tf.float32)[..., tf.newaxis],
            scores=scores,
            classes=classes * tf.cast(kept, tf.int32),
            count=tf.reduce_sum(tf.cast(kept, tf.int32), axis=-1),
        )

    def _kept(self, found: Detections):
        """Says which rows are detections, bool [B, K]."""
        kept = meant_rows(found.count, found.scores.shape[1])
        kept &= found.scores >= self._options.score_threshold
        # Where an image has fewer peaks than rows, decoders fill up with rows of score 0.
        return kept & (found.scores > 0.0)


def check_options(trained, options: ExportOptions) -> None:
    """Checks options against the model that is to be exported with them.

    Raises:
      UserError: more detections are asked for than the decoder finds, or a flip test that would
        merge maps which do not lie on each other.
    """
    found = trained.detector.options.max_detections
    if options.max_detections > found:
        raise UserError(
            f"max_detections={options.max_detections} is more than the {found} rows that the "
            "decoder of this model finds; ask for fewer, or train with a larger limit in "
            "model.options."
        )
    if options.flip_test:
        # An export is the evaluation under these two settings, so its checks are asked.
        config = copy.deepcopy(trained.config)
        config.evaluation.flip, config.evaluation.resolution = True, "fixed"
        faults = config.model.options.faults(config)
        if faults:
            raise UserError(f"This model cannot be exported with flip_test. {' '.join(faults)}")


def meant_rows(count, rows: int):
    """Says which of K rows are meant: count int32 [B] to bool [B, K]."""
    return tf.range(rows, dtype=tf.int32)[tf.newaxis] < count[:, tf.newaxis]


def normalized_boxes(boxes_px, image_sizes):
    """Divides boxes [B, K, 4] in original-image pixels by image sizes [B, 2] (height, width)."""
    sizes = tf.cast(image_sizes, tf.float32)
    return boxes_px / tf.concat([sizes, sizes], axis=-1)[:, tf.newaxis]


def category_ids(classes, count, categories):
    """Turns contiguous classes [B, K] into the data set's own ids, float32, 0 in the padding."""
    ids = tf.constant([float(category.id) for category in categories], tf.float32)
    return tf.gather(ids, classes) * tf.cast(meant_rows(count, classes.shape[1]), tf.float32)
