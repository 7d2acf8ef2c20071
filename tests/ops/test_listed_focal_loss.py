"""The focal loss with listed positives, and their choice, against NumPy in float64."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.listed_focal_loss import extra_positives, listed_focal_loss


def naive_loss(logits, peaks, cells, classes, positive, alpha=0.25):
    p = np.clip(1 / (1 + np.exp(-logits.astype(np.float64))), 1e-4, 1 - 1e-4)
    total = -(1 - alpha) * ((1 - peaks) ** 4 * p**2 * np.log(1 - p)).sum()
    for image, m, n in np.argwhere(positive):
        own = p[image, cells[image, m, n], classes[image, m]]
        total -= alpha * (1 - own) ** 2 * np.log(own)
    return total


@pytest.fixture(name="case")
def make_case(rng):
    peaks = np.float32(rng.uniform(0, 1, [2, 30, 4]) ** 3)
    peaks[0, 4, 1] = 1.0
    cells = rng.integers(0, 30, [2, 5, 18]).astype(np.int32)
    logits = np.float32(rng.normal(0, 3, [2, 30, 4]))
    return logits, peaks, cells, rng.integers(0, 4, [2, 5]).astype(np.int32), cells % 3 == 0


def test_equals_the_naive_loss(case):
    expected = naive_loss(*case)
    for function in (listed_focal_loss, tf.function(listed_focal_loss, jit_compile=True)):
        np.testing.assert_allclose(function(*case), expected, rtol=1e-5)
    logits = tf.constant(case[0])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = listed_focal_loss(logits, *case[1:])
    gradient = tape.gradient(loss, logits).numpy()
    for place in ((0, 4, 1), (1, 3, 2), (0, 9, 0)):
        up, down = case[0].astype(np.float64), case[0].astype(np.float64)
        up[place] += 1e-4
        down[place] -= 1e-4
        slope = (naive_loss(up, *case[1:]) - naive_loss(down, *case[1:])) / 2e-4
        np.testing.assert_allclose(gradient[place], slope, rtol=1e-3, atol=1e-6)


def test_extreme_half_precision_logits_stay_finite(case):
    logits = tf.cast(tf.where(case[0] > 0, 6e4, -6e4), tf.float16)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = listed_focal_loss(logits, *case[1:])
    assert loss.dtype == tf.float32 and np.isfinite(loss)
    assert np.isfinite(tf.cast(tape.gradient(loss, logits), tf.float32)).all()


def naive_positives(losses, valid, central):
    values = np.where(central, 0.0, np.where(valid, losses, np.inf))
    threshold = min(np.sort(values)[8], 0.2)
    return values < threshold


def test_extra_positives_equal_the_naive_choice(rng):
    losses = np.float32(rng.uniform(0, 0.5, [2, 6, 18]))
    losses[0, 0] *= 0.1
    valid = rng.uniform(size=losses.shape) < 0.7
    valid[1, 1] = False
    central = np.zeros_like(valid)
    central[:, :5, 4] = True
    for function in (extra_positives, tf.function(extra_positives, jit_compile=True)):
        found = function(losses, valid, central).numpy()
        for place in np.ndindex(2, 6):
            expected = naive_positives(losses[place], valid[place], central[place])
            np.testing.assert_array_equal(found[place], expected)
    assert found[0, 0].sum() == 8 and found[..., 4][central[..., 4]].all()


def test_a_centre_is_positive_even_among_perfect_cells():
    losses = np.zeros([1, 1, 18], np.float32)
    central = np.zeros([1, 1, 18], bool)
    central[0, 0, 4] = True
    found = extra_positives(losses, losses == 0, central)
    assert found[0, 0].numpy().nonzero()[0].tolist() == [4]


def test_the_choice_teaches_nothing():
    losses = tf.constant([[[0.1] * 9]])
    with tf.GradientTape() as tape:
        tape.watch(losses)
        chosen = tf.cast(extra_positives(losses, losses > 0, losses < 0), tf.float32)
    assert tape.gradient(chosen, losses) is None
