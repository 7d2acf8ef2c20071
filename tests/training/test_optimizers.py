"""Schedules at their corners, and the optimizers' arithmetic against NumPy."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.settings import OptimizerConfig
from centernet_tf.training.optimizers import make_optimizer, make_schedule
from centernet_tf.training.trainer import Trainer


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


def test_a_constant_warmup_is_flat_and_then_the_schedule():
    config = OptimizerConfig({"learning_rate": 0.3, "drop_epochs": [2], "warmup": "constant"})
    config.warmup_steps, config.warmup_factor = 5, 0.5
    schedule = make_schedule(config, steps_per_epoch=10, epochs=3)
    again = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(schedule))
    for each in (schedule, again, tf.function(schedule, jit_compile=True)):
        rates = [float(each(tf.constant(step, tf.int64))) for step in (0, 4, 5, 19, 20)]
        np.testing.assert_allclose(rates, [0.15, 0.15, 0.3, 0.3, 0.03], rtol=1e-6)


def test_polynomial_schedule_ends_at_zero():
    config = OptimizerConfig({"learning_rate": 0.1, "schedule": "polynomial", "power": 2.0})
    schedule = make_schedule(config, steps_per_epoch=10, epochs=5)
    np.testing.assert_allclose(
        [float(schedule(s)) for s in (0, 25, 50)], [0.1, 0.025, 0.0], atol=1e-7
    )


@pytest.mark.parametrize(
    "norm, bias, expected",
    [(False, False, [1, 1, 1]), (True, False, [1, 0.95, 1]), (False, True, [0.95, 1, 1])],
)
def test_adamw_can_spare_biases_and_normalisations(norm, bias, expected):
    config = OptimizerConfig({"name": "adamw", "learning_rate": 0.1, "drop_epochs": []})
    config.weight_decay, config.decay_norm, config.decay_bias = 0.5, norm, bias
    optimizer = make_optimizer(config, make_schedule(config, 10, 1))
    names = ("conv/kernel", "conv/bias", "norm/gamma", "norm/beta")
    variables = [tf.Variable([1.0], name=name) for name in names]
    optimizer.build(variables)
    optimizer.apply_gradients([(tf.zeros([1]), variable) for variable in variables])
    np.testing.assert_allclose([float(v[0]) for v in variables], [0.95, *expected], rtol=1e-5)


@pytest.mark.parametrize("decay_bias", [True, False])
def test_the_step_clips_values_and_decays_what_it_should(decay_bias):
    images = keras.Input([2])
    network = keras.Model(images, keras.layers.Dense(1, kernel_initializer="ones")(images))
    settings = {"name": "sgd", "learning_rate": 1.0, "momentum": 0.0, "drop_epochs": []}
    config = OptimizerConfig(settings)
    config.weight_decay, config.clip_value = 0.1, 0.5
    config.decay_bias = decay_bias
    detector = types.SimpleNamespace(loss_names=("loss",), complete_targets=lambda targets: targets)
    trainer = Trainer(detector, network, config, use_xla=False)
    trainer.compile(optimizer=make_optimizer(config, make_schedule(config, 10, 1)))
    kernel, bias = network.trainable_variables
    bias.assign([2.0])
    trainer.apply([tf.constant([[9.0], [-0.3]]), tf.constant([0.1])])
    # 9 is cut to 0.5 before the penalty; the bias of 2 has one of 0.2 where it decays.
    np.testing.assert_allclose(kernel, [[0.4], [1.2]], rtol=1e-6)
    np.testing.assert_allclose(bias, [1.7 if decay_bias else 1.9], rtol=1e-6)
