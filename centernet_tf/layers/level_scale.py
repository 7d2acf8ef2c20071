"""The learnt factor of a pyramid level (FCOS, section 3.2)."""

import keras


@keras.saving.register_keras_serializable(package="centernet_tf")
class LevelScale(keras.layers.Layer):
    """Multiplies by one learnt number, so that levels that share a head can differ in range.

    Weights: `scale`, float32 scalar.

    Args:
      initial: its first value.
    """

    def __init__(self, initial=1.0, **kwargs):
        super().__init__(**kwargs)
        self.initial = initial

    def build(self, input_shape):
        """Creates the weight."""
        initializer = keras.initializers.Constant(self.initial)
        self.scale = self.add_weight("scale", shape=(), initializer=initializer)
        super().build(input_shape)

    def call(self, inputs):
        """Returns inputs [...] times the scale."""
        return inputs * self.scale

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "initial": self.initial}
