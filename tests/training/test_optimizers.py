"""Schedules at their corners, and the optimizers' arithmetic against NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import OptimizerConfig
from centernet_tf.training.optimizers import make_optimizer, make_schedule


def test_step_schedule_drops_after_the_named_epochs():
    config = OptimizerConfig({"learning_rate": 0.1, "drop_epochs": [2, 3]})
    schedule = make_schedule(config, steps_per_epoch=10, epochs=5)
    rates = [float(schedule(step)) for step in (0, 19, 20, 29, 30, 49)]
    np.testing.assert_allclose(rates, [0.1, 0.1, 0.01, 0.01, 0.001, 0.001], rtol=1e-5)


def test_cosine_ends_at_zero():
    config = OptimizerConfig({"learning_rate": 0.1, "schedule": "cosine"})
    schedule = make_schedule(config, steps_per_epoch=10, epochs=5)
    np.testing.assert_allclose(
        [float(schedule(s)) for s in (0, 25, 50)], [0.1, 0.05, 0.0], atol=1e-7
    )


def test_warm_up_is_linear():
    config = OptimizerConfig(
        {"learning_rate": 0.1, "drop_epochs": [], "warmup_steps": 10, "warmup_factor": 0.1}
    )
    schedule = make_schedule(config, steps_per_epoch=10, epochs=5)
    rates = [float(schedule(step)) for step in (0, 5, 10, 40)]
    np.testing.assert_allclose(rates, [0.01, 0.055, 0.1, 0.1], rtol=1e-5)


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_three_steps_equal_the_textbook(name):
    config = OptimizerConfig({"name": name, "learning_rate": 0.1, "drop_epochs": []})
    config.weight_decay = 0.01 if name == "adamw" else 0.0
    optimizer = make_optimizer(config, make_schedule(config, 10, 1))
    variable, value = tf.Variable([1.0, -2.0]), np.array([1.0, -2.0])
    first = second = np.zeros(2)
    for step, gradient in enumerate(np.array([[0.3, -0.1], [0.2, 0.4], [-0.5, 0.1]]), start=1):
        optimizer.apply_gradients([(tf.constant(gradient, tf.float32), variable)])
        if name == "sgd":
            first = 0.9 * first - 0.1 * gradient
            value = value + first
            continue
        value = value * (1 - 0.1 * config.weight_decay)
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        root = np.sqrt(second / (1 - 0.999**step))
        value = value - 0.1 * first / (1 - 0.9**step) / (root + 1e-8)
    np.testing.assert_allclose(variable, value, rtol=1e-4)
