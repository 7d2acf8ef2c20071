"""Devices, strategy and XLA from the runtime settings."""

import keras
import tensorflow as tf
from official.common import distribute_utils

from centernet_tf.errors import UserError
from centernet_tf.settings import ExperimentConfig, RuntimeConfig
from centernet_tf.training.workers import check_cluster


def make_strategy(config: RuntimeConfig) -> tf.distribute.Strategy:
    """Returns the distribution strategy.

    Strategy tpu goes by the Model Garden's `distribute_utils` and was never run: there was no TPU
    to try it on.

    Raises:
      UserError: logical CPU replicas or workers were asked for after TensorFlow had started its
        devices, the workers are not described, or there is no TPU.
    """
    gpus = len(tf.config.list_physical_devices("GPU"))
    if config.strategy == "multi_worker_mirrored":
        return _multi_worker()
    if config.strategy == "tpu":
        return _tpu(config.tpu)
    if config.strategy == "one_device":
        return tf.distribute.OneDeviceStrategy("gpu:0" if gpus else "cpu:0")
    if config.cpu_replicas > 1:
        return tf.distribute.MirroredStrategy(_split_cpu(config.cpu_replicas))
    if gpus:
        return distribute_utils.get_distribution_strategy("mirrored", num_gpus=gpus)
    return tf.distribute.MirroredStrategy(["cpu:0"])


def use_xla(config: ExperimentConfig) -> bool:
    """Whether the training step is compiled: `auto` means on where there is a GPU.

    On the CPU it is slower; a TPU compiles everything anyway; synchronised batch normalisation
    cannot be compiled.
    """
    runtime = config.runtime
    if runtime.xla == "auto":
        possible = runtime.strategy != "tpu" and not config.model.sync_batch_norm
        return possible and bool(tf.config.list_physical_devices("GPU"))
    return runtime.xla == "on"


def check_batch(config: ExperimentConfig, strategy) -> None:
    """Checks that replicas and micro-batches divide the global batch.

    Raises:
      UserError: they do not.
    """
    train, replicas = config.train, strategy.num_replicas_in_sync
    if train.global_batch_size % (replicas * train.accumulation_steps):
        raise UserError(
            f"train.global_batch_size ({train.global_batch_size}) must be a multiple of "
            f"train.accumulation_steps ({train.accumulation_steps}) times the number of replicas "
            f"({replicas})."
        )


def set_seed(config: RuntimeConfig) -> None:
    """Seeds Python, NumPy and TensorFlow, and so the initial weights."""
    keras.utils.set_random_seed(config.seed)


def _multi_worker():
    check_cluster()
    try:
        # What `distribute_utils` makes is the same under a deprecated name, with a warning.
        return tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        raise UserError(
            "runtime.strategy multi_worker_mirrored must be set before TensorFlow starts its "
            "devices; run it in a new process."
        ) from error


def _tpu(address):
    try:
        return distribute_utils.get_distribution_strategy("tpu", tpu_address=address)
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        raise UserError(
            f"runtime.strategy tpu found no TPU at runtime.tpu='{address}': "
            f"{str(error).splitlines()[0]}"
        ) from error


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
