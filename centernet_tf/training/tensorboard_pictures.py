"""What a network sees and finds, as pictures in TensorBoard."""

import numpy as np
import tensorflow as tf

from centernet_tf.evaluation.demo_pictures import (
    first_images,
    heatmap_pictures,
    prediction_picture,
)
from centernet_tf.evaluation.scenes import make_scenes
from centernet_tf.evaluation.shown_score import SHOWN_SCORE
from centernet_tf.ops.detections import Detections


class TensorboardPictures:
    """The first images of the evaluation split: ground truth beside what was found, heat-maps."""

    def __init__(self, writer, config, manifest):
        """Takes a summary writer, the experiment and its data set."""
        self._writer, self._config, self._manifest = writer, config, manifest
        self._split, self._count = config.data.eval_split, config.train.tensorboard_images

    def write(self, step: int, network, detector, evaluation) -> None:
        """Writes the pictures of an evaluation.

        Args:
          step: optimizer steps taken.
          network: that was evaluated.
          detector: its `PointDetector`.
          evaluation: its `Evaluation`.
        """
        images = first_images(self._manifest, self._split, self._count)
        scenes = make_scenes(*_of_first_images(evaluation, len(images)))
        heatmaps = heatmap_pictures(
            network, detector, self._config, self._manifest, self._split, self._count
        )
        with self._writer.as_default(step=step):
            for number, (image, scene) in enumerate(zip(images, scenes)):
                found = Detections(scene.found_boxes, scene.found_scores, scene.found_classes, None)
                names = self._manifest.class_names
                drawn = prediction_picture(image, found, names, SHOWN_SCORE)
                tf.summary.image(f"image_{number}/detections", np.asarray(drawn)[np.newaxis])
            for number, picture in enumerate(heatmaps):
                tf.summary.image(f"image_{number}/heatmap", np.asarray(picture)[np.newaxis])
        self._writer.flush()


def _of_first_images(evaluation, count):
    """Returns the ground truth and the detections of the first images."""
    truth = evaluation.ground_truth
    kept = {image["id"] for image in truth["images"][:count]}
    detections = [row for row in evaluation.detections if row["image_id"] in kept]
    return {**truth, "images": truth["images"][:count]}, detections
