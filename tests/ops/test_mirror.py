"""Merging a map with that of the mirror image, one cell at a time."""

import numpy as np
import tensorflow as tf

from centernet_tf.ops.mirror import mean_distances, mean_logits


def test_probabilities_are_averaged(rng):
    one, other = rng.normal(0, 3, [2, 2, 3, 5, 4]).astype(np.float32)
    one[0, 0, 0, 0] = other[0, 0, 4, 0] = 80.0
    compiled = tf.function(mean_logits, jit_compile=True)
    p, q = (1 / (1 + np.exp(-value.astype(np.float64))) for value in (one, other))
    for function in (mean_logits, compiled):
        merged = function(one, other).numpy()
        assert np.isfinite(merged).all()
        for image, y, x, label in np.ndindex(*one.shape):
            mean = (p[image, y, x, label] + q[image, y, 4 - x, label]) / 2
            found = 1 / (1 + np.exp(-merged[image, y, x, label]))
            np.testing.assert_allclose(found, mean, atol=1e-5)


def test_left_and_right_change_places(rng):
    one, other = rng.uniform(0, 9, [2, 2, 3, 5, 4]).astype(np.float32)
    merged = mean_distances(one, other)
    for image, y, x in np.ndindex(2, 3, 5):
        top, left, bottom, right = other[image, y, 4 - x]
        expected = (one[image, y, x] + [top, right, bottom, left]) / 2
        np.testing.assert_allclose(merged[image, y, x], expected, rtol=1e-6)
