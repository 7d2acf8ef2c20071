"""Depthwise separable convolution with normalisation, the cheap 3x3 convolution of phones."""

import keras

from centernet_tf.layers.conv_norm import batch_norm, conv_norm
from centernet_tf.layers.initializers import torch_default


def separable_conv_norm(x, filters, name):
    """A 3x3 convolution of each channel, then a 1x1 convolution, each with normalisation and ReLU.

    Layers: `{name}_depthwise`, `{name}_depthwise_norm`, `{name}_conv`, `{name}_norm`.
    """
    x = keras.layers.DepthwiseConv2D(
        3,
        padding="same",
        use_bias=False,
        depthwise_initializer=torch_default(),
        name=f"{name}_depthwise",
    )(x)
    x = batch_norm(x, f"{name}_depthwise_norm")
    x = keras.layers.ReLU(name=f"{name}_depthwise_relu")(x)
    return conv_norm(x, filters, 1, 1, name, initializer=torch_default())
