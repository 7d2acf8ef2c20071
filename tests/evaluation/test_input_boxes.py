"""Boxes go where the letterbox puts their pixels."""

import numpy as np

from centernet_tf.evaluation.input_boxes import boxes_at_input, input_transforms
from tests.evaluation.scenes import random_scenes, scene


def test_against_the_rule_for_each_side(rng):
    images = random_scenes(rng, 12)
    height, width = 96, 160
    for image, transform in zip(images, input_transforms(images, (height, width))):
        scale = min(height / image.height, width / image.width)
        top, left = (height - scale * image.height) / 2, (width - scale * image.width) / 2
        expected = [
            [scale * b.box_px[0] + top, scale * b.box_px[1] + left]
            + [scale * b.box_px[2] + top, scale * b.box_px[3] + left]
            for b in image.boxes
        ]
        found = boxes_at_input(image.boxes, transform)
        np.testing.assert_allclose(found, np.reshape(expected, [-1, 4]), atol=1e-3)


def test_no_images_and_no_boxes():
    assert input_transforms([], (64, 64)).shape == (0, 3)
    assert boxes_at_input([], input_transforms([scene(1, [])], (64, 64))[0]).shape == (0, 4)
