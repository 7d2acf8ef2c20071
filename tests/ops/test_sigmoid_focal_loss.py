"""The focal loss of classification against NumPy in float64 and against mmdet's number."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.sigmoid_focal_loss import sigmoid_focal_loss


def naive_loss(logits, classes, alpha, gamma):
    total = 0.0
    for row, own in zip(logits.astype(np.float64), classes):
        for label, logit in enumerate(row):
            p = 1 / (1 + np.exp(-logit))
            if label == own:
                total -= alpha * (1 - p) ** gamma * np.log(p)
            else:
                total -= (1 - alpha) * p**gamma * np.log(1 - p)
    return total


@pytest.mark.parametrize("alpha,gamma", [(0.25, 2.0), (0.5, 1.5)])
def test_equals_the_naive_loss(rng, alpha, gamma):
    logits = np.float32(rng.normal(0, 3, [40, 5]))
    classes = rng.integers(-1, 5, 40).astype(np.int32)
    compiled = tf.function(sigmoid_focal_loss, jit_compile=True)
    for function in (sigmoid_focal_loss, compiled):
        np.testing.assert_allclose(
            function(logits, classes, alpha, gamma),
            naive_loss(logits, classes, alpha, gamma),
            rtol=1e-5,
        )


def test_extreme_half_precision_logits_stay_finite():
    logits = tf.cast(tf.constant([[-6e4, 6e4, 0.0]]), tf.float16)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = sigmoid_focal_loss(logits, tf.constant([0]))
    assert loss.dtype == tf.float32 and np.isfinite(loss)
    assert np.isfinite(tf.cast(tape.gradient(loss, logits), tf.float32)).all()


def test_mmdet_golden(testdata):
    golden = np.load(testdata / "golden/bbox_losses.npz")
    classes = np.where(golden["focal_labels"] == 20, -1, golden["focal_labels"])
    total = sigmoid_focal_loss(golden["focal_logits"], classes)
    np.testing.assert_allclose(total / (60 * 20), golden["focal_mean"], rtol=1e-4)
