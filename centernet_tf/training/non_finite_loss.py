"""What to say of a loss that is NaN or infinite."""

import math
import re

import tensorflow as tf

from centernet_tf.data.input_pipeline import epoch_records
from centernet_tf.data.record_parser import read_features

NOT_FINITE = "The loss is not finite:"
_NAMED = 16


def describe(message: str, config, manifest, steps_per_epoch: int, schedule) -> str:
    """Returns a sentence from the message of the trainer's assertion.

    Args:
      message: of the error; holds the step and each loss as `name=[value]`.
      config: `ExperimentConfig` of the run.
      manifest: `Manifest` of its data set.
      steps_per_epoch: of the run.
      schedule: from step to learning rate.
    """
    found = re.findall(r"(\w+)=\] \[([^\]]*)\]", message[message.index(NOT_FINITE) :])
    values = {name: float(value) for name, value in found}
    step = int(values.pop("step"))
    bad = [name for name, value in values.items() if not math.isfinite(value)]
    terms = [f"{name} is {values[name]}" for name in bad if name != "loss" or len(bad) == 1]
    epoch, batch = divmod(step, steps_per_epoch)
    names = batch_file_names(config, manifest, epoch, batch)
    more = ", ..." if len(names) > _NAMED else ""
    return (
        f"{NOT_FINITE} {', '.join(terms)} at step {step + 1} (epoch {epoch + 1}, learning rate "
        f"{float(schedule(step)):.3g}). The batch was {', '.join(names[:_NAMED])}{more}. Lower "
        "train.optimizer.learning_rate, lengthen warmup_steps or set clip_norm, and look at these "
        "images; the last checkpoint is from before."
    )


def batch_file_names(config, manifest, epoch: int, batch: int) -> list:
    """Returns the file names of a batch of an epoch (both from 0), as long as none was left out."""
    size = config.train.global_batch_size
    records = epoch_records(config, manifest, epoch).skip(batch * size).take(size)
    names = records.map(lambda _, serialized: _name(serialized))
    return [name.decode("utf-8", "replace") for name in names.as_numpy_iterator()]


def _name(serialized):
    # With partners, the first record is the example's own.
    own = tf.reshape(serialized, [-1])[0]
    return read_features(own)["image/filename"]
