"""The focal loss against NumPy in float64 and against both originals, values and gradients."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.focal_loss import count_peaks, heatmap_focal_loss


def naive_loss(logits, heatmap, clamp):
    p = 1 / (1 + np.exp(-logits.astype(np.float64)))
    epsilon = 0.0 if clamp else 1e-12
    if clamp:
        p = np.clip(p, clamp, 1 - clamp)
    positive = (1 - p) ** 2 * np.log(p + epsilon)
    negative = (1 - heatmap) ** 4 * p**2 * np.log(1 - p + epsilon)
    return -np.where(heatmap == 1, positive, negative).sum()


def random_maps(rng):
    heatmap = rng.uniform(0, 0.99, [2, 8, 9, 3]).astype(np.float32) ** 3
    heatmap[rng.uniform(size=heatmap.shape) < 0.02] = 1.0
    return rng.normal(0, 4, heatmap.shape).astype(np.float32), heatmap


def value_and_gradient(logits, heatmap, clamp, scale=1.0):
    logits = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = heatmap_focal_loss(logits, heatmap, clamp) * scale
    return loss, tape.gradient(loss, logits)


@pytest.mark.parametrize("clamp", [1e-4, 0.0])
def test_equals_the_naive_loss(rng, clamp):
    logits, heatmap = random_maps(rng)
    compiled = tf.function(heatmap_focal_loss, jit_compile=True)
    for function in (heatmap_focal_loss, compiled):
        np.testing.assert_allclose(
            function(logits, heatmap, clamp), naive_loss(logits, heatmap, clamp), rtol=1e-5
        )
    _, gradient = value_and_gradient(logits, heatmap, clamp)
    step = 1e-3
    for place in np.argwhere(np.abs(logits) < 6)[:10]:
        place = tuple(place)
        up, down = logits.astype(np.float64), logits.astype(np.float64)
        up[place] += step
        down[place] -= step
        slope = (naive_loss(up, heatmap, clamp) - naive_loss(down, heatmap, clamp)) / (2 * step)
        np.testing.assert_allclose(gradient[place], slope, rtol=2e-3, atol=1e-5)


def test_clamped_cells_get_no_gradient():
    logits = np.array([[[[-20.0], [20.0], [0.0]]]], np.float32)
    _, gradient = value_and_gradient(logits, np.zeros_like(logits), 1e-4)
    assert gradient.numpy().ravel()[:2].tolist() == [0.0, 0.0]
    assert gradient.numpy().ravel()[2] > 0


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("clamp", [1e-4, 0.0])
def test_half_precision_logits_stay_finite(dtype, clamp):
    logits = tf.cast(tf.constant([[[[-60.0], [60.0], [0.0]]]]), dtype)
    for heatmap in (tf.zeros([1, 1, 3, 1]), tf.ones([1, 1, 3, 1])):
        loss, gradient = value_and_gradient(logits, heatmap, clamp)
        assert loss.dtype == tf.float32
        assert np.isfinite(loss) and np.isfinite(gradient.numpy().astype(np.float32)).all()


def test_original_golden(testdata):
    golden = np.load(testdata / "golden/xy_losses.npz")
    logits, target = (np.transpose(golden[name], (0, 2, 3, 1)) for name in ("logit", "target"))
    peaks = count_peaks(target).numpy()
    loss, gradient = value_and_gradient(logits, target, 1e-4, 1 / peaks)
    np.testing.assert_allclose(loss, golden["focal"], rtol=1e-4)
    expected = np.transpose(golden["grad_logit"], (0, 2, 3, 1))
    np.testing.assert_allclose(gradient, expected, atol=1e-3 * np.abs(expected).max())
    without = heatmap_focal_loss(logits, target * np.float32(0.9), 1e-4)
    np.testing.assert_allclose(without, golden["focal_nopos"], rtol=1e-4)


def test_mmdet_golden(testdata):
    golden = np.load(testdata / "golden/gaussian_focal_loss.npz")
    pred = golden["pred"].astype(np.float64)
    logits = np.transpose(np.log(pred) - np.log1p(-pred), (0, 2, 3, 1)).astype(np.float32)
    target = np.transpose(golden["target"], (0, 2, 3, 1))
    np.testing.assert_allclose(
        heatmap_focal_loss(logits, target, 0.0), golden["default_sum"], rtol=1e-4
    )
