"""Colour jitter, lighting and normalisation as one affine map, against step-by-step versions."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops import color
from centernet_tf.ops.normalize import normalize

MEAN, STD = [104.0, 114.0, 120.0], [73.0, 70.0, 71.0]


def naive_jitter(image, factors, order):
    gray = image @ np.array([0.299, 0.587, 0.114])
    mean, gray = gray.mean(), gray[..., None]
    for step in order:
        other = (0.0, mean, gray)[step]
        image = factors[step] * image + (1 - factors[step]) * other
    return image


def jitter(image, factors, order):
    return color.apply_color(image, color.jitter_color(factors, order, color.mean_luma(image)))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_jitter_equals_the_steps_one_by_one(rng, order):
    image = rng.uniform(0, 255, (9, 14, 3)).astype(np.float32)
    factors = rng.uniform(0.6, 1.4, 3).astype(np.float32)
    ours = jitter(tf.constant(image), tf.constant(factors), tf.constant(order))
    np.testing.assert_allclose(ours, naive_jitter(image, factors, order), atol=1e-3)


def test_jitter_inside_tf_data(rng):
    image = rng.uniform(0, 255, (9, 14, 3)).astype(np.float32)
    factors, order = np.float32([1.2, 0.7, 1.1]), np.int32([2, 0, 1])
    dataset = tf.data.Dataset.from_tensors((image, factors, order)).map(jitter)
    ours = next(iter(dataset))
    np.testing.assert_allclose(ours, naive_jitter(image, factors, order), atol=1e-3)


def test_lighting_shifts_along_the_components(rng):
    normals = rng.normal(0, 0.1, 3).astype(np.float32)
    image = tf.zeros([2, 2, 3])
    ours = color.apply_color(image, color.lighting_color(tf.constant(normals)))[0, 0]
    vectors = np.array(color.LIGHTING_VECTORS_RGB)
    shift = sum(vectors[:, i] * color.LIGHTING_VALUES[i] * normals[i] for i in range(len(normals)))
    np.testing.assert_allclose(ours, 255 * shift, atol=1e-4)


def test_jitter_and_lighting_equal_the_original(testdata):
    golden = np.load(testdata / "golden" / "xy_affine_aug.npz")
    names = {"brightness": 0, "contrast": 1, "saturation": 2}
    steps = [
        next(i for name, i in names.items() if name in step) for step in golden["coloraug_order"]
    ]
    # The alphas are recorded in the order of application.
    factors = np.zeros(3, np.float32)
    factors[steps] = golden["coloraug_alphas"]
    image = tf.constant(golden["img"][..., ::-1].astype(np.float32))
    jittered = color.jitter_color(tf.constant(factors), tf.constant(steps), color.mean_luma(image))
    lighting = color.lighting_color(tf.constant(golden["coloraug_lighting"]))
    ours = color.apply_color(image, color.compose_color(jittered, lighting))
    np.testing.assert_allclose(ours[..., ::-1] / 255.0, golden["coloraug_out"], atol=1e-5)


@pytest.mark.parametrize("channel_order", ["rgb", "bgr"])
def test_normalization_equals_normalize(rng, channel_order):
    image = tf.constant(rng.uniform(0, 255, (5, 6, 3)).astype(np.float32))
    ours = color.apply_color(image, color.normalization_color(channel_order, MEAN, STD))
    np.testing.assert_allclose(ours, normalize(image, channel_order, MEAN, STD), atol=1e-5)


def test_composition_applies_the_first_first(rng):
    image = tf.constant(rng.uniform(0, 255, (5, 6, 3)).astype(np.float32))
    first = color.ColorAffine(
        tf.constant(rng.normal(size=(3, 3)), tf.float32), tf.constant([1.0, 2, 3])
    )
    second = color.normalization_color("bgr", MEAN, STD)
    once = color.apply_color(image, color.compose_color(first, second))
    twice = color.apply_color(color.apply_color(image, first), second)
    np.testing.assert_allclose(once, twice, rtol=1e-4, atol=1e-4)


def test_identity_changes_nothing(rng):
    image = tf.constant(rng.uniform(0, 255, (5, 6, 3)).astype(np.float32))
    np.testing.assert_array_equal(color.apply_color(image, color.identity_color()), image)
