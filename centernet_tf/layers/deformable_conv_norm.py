"""Deformable convolution, batch normalisation and ReLU."""

import keras

from centernet_tf.layers.conv_norm import batch_norm
from centernet_tf.layers.deformable_conv2d import DeformableConv2D


def deformable_conv_norm(x, filters, strides, name, use_bias, relu=True, initializer=None):
    """A 3x3 modulated deformable convolution, normalisation and, if asked, ReLU.

    Layers are named as those of `conv_norm`, the convolution itself `{name}_dcn`.

    Args:
      x: [B, H, W, C].
      filters: output channels.
      strides: int.
      name: of the layers, with a suffix.
      use_bias: a bias in the convolution; the original CenterNet has one, mmdet has none.
      relu: whether a ReLU ends it.
      initializer: of the kernel; None is PyTorch's default.
    """
    layer = DeformableConv2D(
        filters,
        3,
        strides,
        use_bias=use_bias,
        kernel_initializer=initializer,
        name=f"{name}_dcn",
    )
    x = batch_norm(layer(x), f"{name}_norm")
    return keras.layers.ReLU(name=f"{name}_relu")(x) if relu else x
