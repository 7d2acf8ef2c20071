"""The blocks that add their input to what they make of it (He et al. 2015)."""

import keras

from centernet_tf.layers.conv_norm import conv_norm


def basic_block(x, width, strides, name, residual=None, start=None):
    """Two 3x3 convolutions and a residual.

    Layers are `{name}_1_*`, `{name}_2_*` and, where there is one, `{name}_shortcut_*`.

    Args:
      x: [B, H, W, C].
      width: output channels.
      strides: of the first convolution.
      name: of the layers, with a suffix.
      residual: what is added, [B, ceil(H / strides), ceil(W / strides), width]; None is `shortcut`
        of x.
      start: makes an initialiser for each kernel; None is torchvision's for ResNet.
    """
    y = conv_norm(x, width, 3, strides, f"{name}_1", initializer=start and start())
    y = conv_norm(y, width, 3, 1, f"{name}_2", relu=False, initializer=start and start())
    if residual is None:
        residual = shortcut(x, width, strides, name, start)
    return add_and_relu(residual, y, name)


def shortcut(x, channels, strides, name, start=None):
    """The input itself, or where its shape must change, a 1x1 convolution with normalisation."""
    if strides == 1 and x.shape[-1] == channels:
        return x
    initializer = start and start()
    return conv_norm(x, channels, 1, strides, f"{name}_shortcut", False, initializer)


def add_and_relu(residual, y, name):
    """ReLU of the sum."""
    y = keras.layers.Add(name=f"{name}_add")([residual, y])
    return keras.layers.ReLU(name=f"{name}_relu")(y)
