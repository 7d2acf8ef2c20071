"""No augmentation is the letterbox of evaluation."""

import numpy as np
import tensorflow as tf

from centernet_tf.data.augment_none import augment
from centernet_tf.data.record_parser import parse_record
from centernet_tf.ops.color import apply_color
from centernet_tf.settings import AugmentationConfig


def test_letterbox_of_image_and_boxes(rng, encode_image, make_record):
    pixels = rng.integers(0, 256, (30, 60, 3)).astype(np.uint8)
    record = make_record(encode_image(pixels), [[0.0, 0.0, 1.0, 1.0]], [3])
    sample = parse_record(record, [3])
    ours = augment(sample, (60, 60), AugmentationConfig(), tf.constant([0, 0]))
    np.testing.assert_allclose(ours.boxes_px, [[15, 0, 45, 60]], atol=1e-4)
    # The warp draws its samples in by a millionth of the image, so that no border turns black.
    np.testing.assert_allclose(apply_color(ours.image, ours.color)[15:45], pixels, atol=0.05)
    assert not np.any(ours.image[:15])
