"""A learning rate that begins low and flat."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="centernet_tf")
class ConstantWarmup(keras.optimizers.schedules.LearningRateSchedule):
    """`warmup_rate` for the first `warmup_steps` steps, then what `after` gives for the step.

    The first published FCOS begins so.
    """

    def __init__(self, after, warmup_steps: int, warmup_rate: float):
        super().__init__()
        self.after, self.warmup_steps, self.warmup_rate = after, warmup_steps, warmup_rate

    def __call__(self, step):
        rate = tf.convert_to_tensor(self.after(step))
        is_begin = tf.cast(step, tf.int64) < self.warmup_steps
        return tf.where(is_begin, tf.cast(self.warmup_rate, rate.dtype), rate)

    def get_config(self):
        return {
            "after": keras.optimizers.schedules.serialize(self.after),
            "warmup_steps": self.warmup_steps,
            "warmup_rate": self.warmup_rate,
        }

    @classmethod
    def from_config(cls, config):
        after = keras.optimizers.schedules.deserialize(config["after"])
        return cls(**{**config, "after": after})
