"""Group normalisation (Wu and He 2018) with PyTorch's epsilon, statistics in float32."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="centernet_tf")
class GroupNorm(keras.layers.Layer):
    """Normalises each image over its cells and the channels of a group.

    Keras's `GroupNormalization` weighs every value by a mask of ones, which takes a second map and
    half as much time again; and its epsilon of 1e-3 is no published network's.

    Weights: `gamma` and `beta`, [C].

    Args:
      groups: the channels are a multiple of it.
      epsilon: added to the variance.
    """

    def __init__(self, groups=32, epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        self.groups = groups
        self.epsilon = epsilon

    def build(self, input_shape):
        """Creates the weights.

        Raises:
          ValueError: the channels are no multiple of the groups.
        """
        channels = input_shape[-1]
        if channels % self.groups:
            raise ValueError(f"{channels} channels do not part into {self.groups} groups.")
        self.gamma = self.add_weight("gamma", shape=(channels,), initializer="ones")
        self.beta = self.add_weight("beta", shape=(channels,), initializer="zeros")
        super().build(input_shape)

    def call(self, inputs):
        """Normalises [B, H, W, C]; the result has the type of the inputs."""
        shape, channels = tf.shape(inputs), inputs.shape[-1]
        x = tf.cast(inputs, tf.float32)
        x = tf.reshape(x, [shape[0], -1, self.groups, channels // self.groups])
        mean, variance = tf.nn.moments(x, axes=[1, 3], keepdims=True)
        x = (x - mean) * tf.math.rsqrt(variance + self.epsilon)
        x = tf.reshape(x, shape) * tf.cast(self.gamma, tf.float32) + tf.cast(self.beta, tf.float32)
        return tf.cast(tf.ensure_shape(x, inputs.shape), inputs.dtype)

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "groups": self.groups, "epsilon": self.epsilon}
