"""Smooth L1 at cells against a loop: eager and compiled."""

import numpy as np
import tensorflow as tf

from centernet_tf.ops.sparse_smooth_l1 import sparse_smooth_l1_loss


def test_equals_a_loop(rng):
    maps = rng.normal(size=[2, 3, 4, 2]).astype(np.float32)
    index = rng.integers(0, 12, [2, 5]).astype(np.int32)
    mask = np.float32([[1, 1, 0, 1, 0], [1, 0, 1, 1, 1]])
    target = rng.normal(scale=2, size=[2, 5, 2]).astype(np.float32)
    total = 0.0
    for image in range(2):
        for i in np.flatnonzero(mask[image]):
            for channel in range(2):
                y, x = divmod(index[image, i], 4)
                distance = abs(maps[image, y, x, channel] - target[image, i, channel])
                total += distance**2 / 2 if distance < 1 else distance - 0.5
    for jit_compile in (False, True):
        run = tf.function(sparse_smooth_l1_loss, jit_compile=jit_compile)
        np.testing.assert_allclose(run(maps, index, mask, target), total, rtol=1e-5)
