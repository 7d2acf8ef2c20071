"""What is drawn beside the ground truth."""

import numpy as np

from centernet_tf.evaluation.demo_pictures import (
    ShownImage,
    prediction_picture,
)
from centernet_tf.ops.detections import Detections


def detections(scores):
    boxes = np.float32([[10, 10, 40, 40], [20, 50, 60, 90]])
    return Detections(boxes, np.float32(scores), np.int32([0, 1]), 2)


def test_only_detections_above_the_threshold_are_drawn():
    image = ShownImage(
        np.zeros([100, 120, 3], np.uint8), np.float32([[10, 10, 40, 40]]), np.array([0])
    )
    names = ["one", "two"]
    both = prediction_picture(image, detections([0.9, 0.8]), names, 0.3)
    first = prediction_picture(image, detections([0.9, 0.2]), names, 0.3)
    none = prediction_picture(image, detections([0.2, 0.1]), names, 0.3)
    assert both.size == first.size == none.size
    half = none.width // 2
    inks = [np.asarray(picture)[40:, half:].astype(int).sum() for picture in (both, first, none)]
    assert inks[0] > inks[1] > inks[2]
