"""Pull and push against loops and mmdet's vectors, with gradients: eager and compiled."""

import numpy as np
import tensorflow as tf

from centernet_tf.ops.associative_embedding import pull_push_losses
from centernet_tf.ops.sparse_l1 import gather_cells


def naive(tl, br, mask):
    pull = push = 0.0
    for image in range(len(mask)):
        rows = np.flatnonzero(mask[image])
        means = [(tl[image, k] + br[image, k]) / 2 for k in rows]
        for k, mean in zip(rows, means):
            pull += ((tl[image, k] - mean) ** 2 + (br[image, k] - mean) ** 2) / len(rows)
        for i, one in enumerate(means):
            for j, other in enumerate(means):
                if i != j:
                    push += max(0, 1 - abs(one - other)) / (len(rows) * (len(rows) - 1))
    return pull, push


def test_equals_loops(rng):
    tl, br = rng.normal(size=[2, 4, 5]).astype(np.float32)
    mask = np.float32([[1, 1, 0, 1, 0], [1, 1, 1, 1, 1], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]])
    for jit_compile in (False, True):
        losses = tf.function(pull_push_losses, jit_compile=jit_compile)(tl, br, mask)
        np.testing.assert_allclose(losses, naive(tl, br, mask), rtol=1e-5)


def test_one_object_is_pushed_by_nothing():
    pull, push = pull_push_losses(tf.constant([[3.0]]), tf.constant([[5.0]]), tf.ones([1, 1]))
    assert (pull, push) == (2.0, 0.0)


def test_mmdet_golden(testdata):
    golden = np.load(testdata / "golden/ae_loss.npz")
    maps = [tf.constant(np.transpose(golden[name], (0, 2, 3, 1))) for name in ("tl", "br")]
    index, mask = np.zeros([2, 2, 3], np.int32), np.zeros([2, 3], np.float32)
    for image in range(2):
        match = golden[f"match{image}"]
        mask[image, : len(match)] = 1
        index[:, image, : len(match)] = (match[:, :, 0] * 8 + match[:, :, 1]).T
    with tf.GradientTape() as tape:
        tape.watch(maps)
        tags = [gather_cells(each, place)[..., 0] for each, place in zip(maps, index)]
        pull, push = pull_push_losses(*tags, mask)
        total = 0.25 * pull + 2.0 * 0.25 * push
    np.testing.assert_allclose(
        [0.25 * pull, 0.25 * push], [golden["pull"], golden["push"]], rtol=1e-4
    )
    for name, gradient in zip(("tl", "br"), tape.gradient(total, maps)):
        expected = golden[f"grad_{name}_of_pull_plus_2push"]
        np.testing.assert_allclose(
            tf.convert_to_tensor(gradient), np.transpose(expected, (0, 2, 3, 1)), atol=1e-4
        )
