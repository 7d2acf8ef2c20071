"""The NumPy letterbox and decoder against TensorFlow's."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.export.raw_decoder import decode, letterbox
from centernet_tf.ops.center_decode import decode_centers
from centernet_tf.ops.geometry import letterbox_transform, warp_images
from centernet_tf.ops.peak_filter import filter_peaks

SIZES = [(200, 301), (20, 31), (50, 333), (333, 50), (64, 96), (64, 40), (32, 48), (2, 3)]


@pytest.mark.parametrize("size", SIZES)
def test_letterboxes_as_the_evaluation_does(rng, size):
    image = rng.integers(0, 256, [*size, 3], np.uint8)
    transform = letterbox_transform(tf.constant(size), (64, 96))
    expected = warp_images(image[None], transform[None], (64, 96))
    found, found_transform = letterbox(image, (64, 96))
    assert found.dtype == np.uint8
    # Half a grey level of rounding, and a ten-thousandth of a pixel in where the image is sampled.
    np.testing.assert_allclose(found, expected, atol=0.6)
    np.testing.assert_allclose(found_transform, transform, rtol=1e-5)


def test_an_image_of_the_inputs_size_stays_as_it_is(rng):
    image = rng.integers(0, 256, [64, 96, 3], np.uint8)
    found, transform = letterbox(image, (64, 96))
    np.testing.assert_array_equal(found[0], image)
    assert transform == (1.0, 0.0, 0.0)


def test_decodes_as_the_detector_does(rng):
    logits = np.float32(rng.normal(-3, 2, [1, 12, 16, 3]))
    size, offset = (np.float32(rng.uniform(0, high, [1, 12, 16, 2])) for high in (9, 1))
    maps = (tf.constant(each) for each in (logits, size, offset))
    expected = decode_centers(*maps, 15, 3, 4)
    peaks = tf.sigmoid(filter_peaks(tf.constant(logits), 3)).numpy()
    boxes, scores, classes = decode(peaks, size, offset, (0.5, 3.0, -2.0), 4, 15)
    back = (expected.boxes[0].numpy() - [3.0, -2.0, 3.0, -2.0]) / 0.5
    np.testing.assert_allclose(boxes, back, atol=1e-4)
    np.testing.assert_allclose(scores, expected.scores[0], atol=1e-6)
    np.testing.assert_array_equal(classes, expected.classes[0])
    assert boxes.dtype == scores.dtype == np.float32 and classes.dtype == np.int32


def test_leaves_out_what_scores_low_or_nothing():
    peaks = np.zeros([1, 2, 3, 2], np.float32)
    peaks[0, 1, 2, 1], peaks[0, 0, 0, 0] = 0.5, 0.2
    maps = peaks, np.full([1, 2, 3, 2], 2, np.float32), np.zeros([1, 2, 3, 2], np.float32)
    boxes, scores, classes = decode(*maps, (1.0, 0.0, 0.0), 4, 10)
    np.testing.assert_allclose(scores, [0.5, 0.2])
    np.testing.assert_array_equal(classes, [1, 0])
    np.testing.assert_allclose(boxes, [[0, 4, 8, 12], [-4, -4, 4, 4]])
    assert len(decode(*maps, (1.0, 0.0, 0.0), 4, 10, 0.3)[1]) == 1
    assert len(decode(*maps, (1.0, 0.0, 0.0), 4, 1)[1]) == 1
    nothing = decode(0 * peaks, *maps[1:], (1.0, 0.0, 0.0), 4, 10)
    assert nothing[0].shape == (0, 4) and len(nothing[1]) == len(nothing[2]) == 0
