"""The L1 loss at object cells against a loop, and against the original's RegL1Loss."""

import numpy as np
import tensorflow as tf

from centernet_tf.ops.sparse_l1 import gather_cells, sparse_l1_loss


def naive_loss(maps, index, mask, target):
    total = 0.0
    for image in range(len(maps)):
        flat = maps[image].reshape(-1, maps.shape[-1])
        for row in range(index.shape[1]):
            total += mask[image, row] * np.abs(flat[index[image, row]] - target[image, row]).sum()
    return total


def test_equals_the_naive_loss(rng):
    maps = rng.normal(size=[3, 5, 6, 2]).astype(np.float32)
    index = rng.integers(0, 30, [3, 7]).astype(np.int32)
    mask = (rng.uniform(size=[3, 7]) < 0.6).astype(np.float32)
    target = rng.normal(size=[3, 7, 2]).astype(np.float32)
    for function in (sparse_l1_loss, tf.function(sparse_l1_loss, jit_compile=True)):
        np.testing.assert_allclose(
            function(tf.constant(maps), index, mask, target),
            naive_loss(maps, index, mask, target),
            rtol=1e-5,
        )


def test_gather_cells_reads_rows_then_columns():
    maps = tf.reshape(tf.range(12.0), [1, 3, 4, 1])
    assert gather_cells(maps, tf.constant([[0, 5, 11]])).numpy().ravel().tolist() == [
        0.0,
        5.0,
        11.0,
    ]


def test_original_golden(testdata):
    golden = np.load(testdata / "golden/xy_losses.npz")
    maps = tf.constant(np.transpose(golden["pred2"], (0, 2, 3, 1)))
    mask = golden["mask"].astype(np.float32)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        loss = sparse_l1_loss(maps, golden["ind"], mask, golden["target2"]) / (
            2 * mask.sum() + 1e-4
        )
    np.testing.assert_allclose(loss, golden["regl1"], rtol=1e-5)
    gradient = np.transpose(tape.gradient(loss, maps), (0, 3, 1, 2))
    np.testing.assert_allclose(gradient, golden["grad_regl1"], atol=1e-6)
