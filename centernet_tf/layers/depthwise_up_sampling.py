"""Learned up-sampling of each channel by itself, which starts as bilinear interpolation."""

import keras
import tensorflow as tf

from centernet_tf.layers.initializers import upsampling_kernel
from centernet_tf.ops.depthwise_deconv import depthwise_deconv2d


@keras.saving.register_keras_serializable(package="centernet_tf")
class DepthwiseUpSampling(keras.layers.Layer):
    """Depthwise transposed convolution without bias: the `up` layers of DLA.

    Args:
      factor: f, even; input [B, H, W, C], output [B, fH, fW, C].

    Its kernel `depthwise_kernel` is [2f, 2f, C, 1], PyTorch's (C, 1, 2f, 2f) transposed.
    """

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        side = 2 * self.factor
        self.depthwise_kernel = self.add_weight(
            name="depthwise_kernel",
            shape=(side, side, input_shape[-1], 1),
            initializer=_Bilinear(),
        )
        super().build(input_shape)

    def call(self, inputs):
        return depthwise_deconv2d(inputs, tf.convert_to_tensor(self.depthwise_kernel))

    def compute_output_shape(self, input_shape):
        sides = [side and side * self.factor for side in input_shape[1:3]]
        return tf.TensorShape([input_shape[0], *sides, input_shape[-1]])

    def multiply_adds(self, input_shape):
        """Multiply-adds for one image: every input cell reaches every tap once."""
        return input_shape[1] * input_shape[2] * input_shape[-1] * (2 * self.factor) ** 2

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


class _Bilinear(keras.initializers.Initializer):
    """Bilinear interpolation in every channel."""

    def __call__(self, shape, dtype=None, **kwargs):
        taps = tf.cast(upsampling_kernel(shape[0]), dtype or tf.float32)
        return tf.broadcast_to(taps[:, :, None, None], shape)
