"""Photometric distortion against a NumPy version built on the standard library's HSV."""

import colorsys

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.color import apply_color
from centernet_tf.ops.photometric import (
    adjust_saturation_hue,
    distort_photometric,
    random_permutation,
)


def naive_saturation_hue(image, saturation, hue_degrees):
    output = np.zeros_like(image)
    for index in np.ndindex(image.shape[:2]):
        hue, chroma, value = colorsys.rgb_to_hsv(*(image[index] / 255.0))
        chroma = min(chroma * saturation, 1.0)
        output[index] = colorsys.hsv_to_rgb((hue + hue_degrees / 360.0) % 1.0, chroma, value)
    return output * 255.0


@pytest.mark.parametrize("saturation, hue", [(1.5, 0.0), (0.5, 18.0), (1.0, -18.0), (1.3, 7.5)])
def test_saturation_and_hue_equal_the_naive_version(rng, saturation, hue):
    image = rng.uniform(0, 255, (6, 7, 3)).astype(np.float32)
    expected = naive_saturation_hue(image, saturation, hue)
    eager = adjust_saturation_hue(tf.constant(image), tf.constant(saturation), tf.constant(hue))
    np.testing.assert_allclose(eager, expected, atol=0.01)
    dataset = tf.data.Dataset.from_tensors((image, np.float32(saturation), np.float32(hue)))
    mapped = next(iter(dataset.map(adjust_saturation_hue)))
    np.testing.assert_allclose(mapped, expected, atol=0.01)


def test_value_beyond_255_is_kept(rng):
    image = tf.constant(rng.uniform(200, 400, (4, 4, 3)).astype(np.float32))
    ours = adjust_saturation_hue(image, tf.constant(0.7), tf.constant(5.0))
    np.testing.assert_allclose(tf.reduce_max(ours, -1), tf.reduce_max(image, -1), rtol=1e-5)


def test_distortion_follows_the_seed_alone(rng):
    image = tf.constant(rng.uniform(0, 255, (6, 7, 3)).astype(np.float32))

    def distorted(image, seed):
        return apply_color(*distort_photometric(image, seed))

    seeds = np.stack([[i, 3 * i] for i in range(40)]).astype(np.int32)
    dataset = tf.data.Dataset.from_tensor_slices(seeds).map(lambda seed: distorted(image, seed))
    results = np.stack(list(dataset))
    for seed, result in list(zip(seeds, results))[:5]:
        np.testing.assert_allclose(distorted(image, tf.constant(seed)), result, atol=0.05)
    assert len(np.unique(results.reshape(40, -1).round(2), axis=0)) > 30


def test_what_waits_until_after_padding_keeps_black_black(rng):
    image = tf.constant(rng.uniform(0, 255, (6, 7, 3)).astype(np.float32))
    for seed in range(10):
        _, color = distort_photometric(image, tf.constant([seed, 1]))
        np.testing.assert_array_equal(color.bias, np.zeros(3))


def test_all_six_permutations_occur():
    seen = {random_permutation(tf.constant([seed, 0])).numpy().tobytes() for seed in range(100)}
    assert len(seen) == 6
