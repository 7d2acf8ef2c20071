"""Weight initialisers that PyTorch's layers use and Keras has under other names or not at all."""

import keras
import numpy as np
import tensorflow as tf


def torch_default(seed=None):
    """PyTorch's default for convolutions: uniform in +-1 / sqrt(fan in)."""
    return keras.initializers.VarianceScaling(1.0 / 3.0, "fan_in", "uniform", seed=seed)


def resnet_convolution(seed=None):
    """torchvision's ResNet convolutions: normal with variance 2 / fan out."""
    return keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal", seed=seed)


def caffe2_xavier(seed=None):
    """Caffe2's Xavier filling: uniform in +-sqrt(3 / fan in)."""
    return keras.initializers.VarianceScaling(1.0, "fan_in", "uniform", seed=seed)


def upsampling_kernel(kernel_size):
    """The bilinear up-sampling kernel, float32 [k, k]; .25 .75 .75 .25 each way for k = 4."""
    factor = (kernel_size + 1) // 2
    middle = factor - 1.0 if kernel_size % 2 else factor - 0.5
    taps = 1.0 - np.abs(np.arange(kernel_size) - middle) / factor
    return np.outer(taps, taps).astype(np.float32)


@keras.saving.register_keras_serializable(package="centernet_tf")
class FirstChannelBilinear(keras.initializers.Initializer):
    """PyTorch's default with bilinear taps for output channel 0 alone.

    The original's bilinear routine was written for grouped transposed convolutions; on the dense
    ones of `resnet_dcn` it reaches the first output channel only, and mmdet keeps that. For kernels
    in Keras's `Conv2DTranspose` layout [k, k, out, in].
    """

    def __init__(self, seed=None):
        self.seed = seed

    def __call__(self, shape, dtype=None, **kwargs):
        values = torch_default(self.seed)(shape, dtype=dtype, **kwargs)
        bilinear = tf.cast(upsampling_kernel(shape[0])[:, :, None, None], values.dtype)
        first = tf.broadcast_to(bilinear, [shape[0], shape[1], 1, shape[3]])
        return tf.concat([first, values[:, :, 1:]], axis=2)

    def get_config(self):
        return {"seed": self.seed}
