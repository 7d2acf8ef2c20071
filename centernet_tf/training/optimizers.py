"""Optimizers and learning-rate schedules from their settings."""

import keras
from official.modeling.optimization import lr_schedule

from centernet_tf.settings import OptimizerConfig
from centernet_tf.training.constant_warmup import ConstantWarmup

# Parts of the names that Keras gives to the variables of normalisations, and to biases.
_NORMS = ("gamma", "beta")
_BIASES = ("bias", "beta")


def make_schedule(config: OptimizerConfig, steps_per_epoch: int, epochs: int):
    """Returns the learning rate as a function of the step.

    A step schedule drops after finishing each of `drop_epochs`, as the original does. Warm-up
    replaces the schedule over the first steps.
    """
    rate = config.learning_rate
    drops = [epoch for epoch in config.drop_epochs if epoch < epochs]
    if config.schedule == "cosine":
        schedule = keras.optimizers.schedules.CosineDecay(rate, epochs * steps_per_epoch)
    elif config.schedule == "polynomial":
        schedule = keras.optimizers.schedules.PolynomialDecay(
            rate, epochs * steps_per_epoch, end_learning_rate=0.0, power=config.power
        )
    elif drops:
        schedule = keras.optimizers.schedules.PiecewiseConstantDecay(
            # The rate changes at the first step past a boundary, hence the step before.
            [epoch * steps_per_epoch - 1 for epoch in drops],
            [rate * config.drop_factor**count for count in range(len(drops) + 1)],
        )
    else:
        schedule = keras.optimizers.schedules.PiecewiseConstantDecay([0], [rate, rate])
    if not config.warmup_steps:
        return schedule
    warmup = ConstantWarmup if config.warmup == "constant" else lr_schedule.LinearWarmup
    return warmup(schedule, config.warmup_steps, rate * config.warmup_factor)


def spared(config: OptimizerConfig) -> list:
    """Returns the parts of names of variables that weight decay leaves alone."""
    norms = () if config.decay_norm else _NORMS
    biases = () if config.decay_bias else _BIASES
    return sorted({*norms, *biases})


def make_optimizer(config: OptimizerConfig, schedule):
    """Returns the Keras optimizer; Adam's epsilon is PyTorch's.

    The L2 penalty of sgd is added to the gradients by the training step, as PyTorch does; Keras's
    own `weight_decay` would be decoupled from the momentum.
    """
    if config.name == "sgd":
        return keras.optimizers.SGD(schedule, momentum=config.momentum, jit_compile=False)
    if config.name == "adamw":
        optimizer = keras.optimizers.AdamW(
            schedule, weight_decay=config.weight_decay, epsilon=1e-8, jit_compile=False
        )
        if spared(config):
            optimizer.exclude_from_weight_decay(var_names=spared(config))
        return optimizer
    return keras.optimizers.Adam(schedule, epsilon=1e-8, jit_compile=False)
