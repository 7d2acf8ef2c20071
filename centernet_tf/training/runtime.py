"""Devices, strategy and XLA from the runtime settings."""

import keras
import tensorflow as tf
from official.common import distribute_utils

from centernet_tf.errors import UserError
from centernet_tf.settings import RuntimeConfig


def make_strategy(config: RuntimeConfig) -> tf.distribute.Strategy:
    """Returns the distribution strategy.

    Raises:
      UserError: logical CPU replicas were asked for after TensorFlow had started its devices.
    """
    gpus = len(tf.config.list_physical_devices("GPU"))
    if config.strategy == "one_device":
        return tf.distribute.OneDeviceStrategy("gpu:0" if gpus else "cpu:0")
    if config.cpu_replicas > 1:
        return tf.distribute.MirroredStrategy(_split_cpu(config.cpu_replicas))
    if gpus:
        return distribute_utils.get_distribution_strategy("mirrored", num_gpus=gpus)
    return tf.distribute.MirroredStrategy(["cpu:0"])


def use_xla(config: RuntimeConfig) -> bool:
    """Whether the training step is compiled: `auto` means on unless everything runs on the CPU."""
    if config.xla == "auto":
        return bool(tf.config.list_physical_devices("GPU"))
    return config.xla == "on"


def set_seed(config: RuntimeConfig) -> None:
    """Seeds Python, NumPy and TensorFlow, and so the initial weights."""
    keras.utils.set_random_seed(config.seed)


def _split_cpu(count):
    cpu = tf.config.list_physical_devices("CPU")[0]
    wanted = [tf.config.LogicalDeviceConfiguration() for _ in range(count)]
    present = tf.config.get_logical_device_configuration(cpu)
    if present is None or len(present) != count:
        try:
            tf.config.set_logical_device_configuration(cpu, wanted)
        except RuntimeError as error:
            raise UserError(
                f"runtime.cpu_replicas={count} must be set before TensorFlow starts its devices; "
                "run it in a new process."
            ) from error
    return [f"cpu:{index}" for index in range(count)]
