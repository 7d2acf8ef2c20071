"""Micro-batches add up to the batch, eagerly, in graphs and under XLA."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.errors import UserError
from centernet_tf.training.accumulation import sum_over_micro_batches

FORMS = {
    "eager": lambda f: f,
    "graph": tf.function,
    "xla": lambda f: tf.function(f, jit_compile=True),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("count", [1, 2, 6])
def test_the_sum_is_that_of_the_whole_batch(form, count, rng):
    x, weight = rng.normal(size=[6, 3]).astype(np.float32), tf.Variable(np.ones([3], np.float32))
    factor = tf.constant(np.arange(6, dtype=np.float32))

    def compute(part):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(part["factor"] * tf.linalg.matvec(part["x"], weight) ** 2)
        return loss, [tape.gradient(loss, weight)]

    @FORMS[form]
    def total(x, factor):
        zeros = tf.zeros([]), [tf.zeros([3])]
        return sum_over_micro_batches(compute, {"x": x, "factor": factor}, count, zeros)

    loss, (gradient,) = total(tf.constant(x), factor)
    product = x.sum(axis=1)
    np.testing.assert_allclose(loss, (factor * product**2).numpy().sum(), rtol=1e-5)
    expected = 2 * (factor.numpy() * product) @ x
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-5)


def test_rows_that_cannot_be_split():
    with pytest.raises(ValueError, match="5 rows cannot be split into 2 equal parts"):
        sum_over_micro_batches(lambda part: part, tf.zeros([5, 1]), 2, tf.zeros([]))
    with pytest.raises(UserError, match=r"train.global_batch_size \(8\) must be a multiple of .*3"):
        load_config([], ["train: {global_batch_size: 8, accumulation_steps: 3}"])
