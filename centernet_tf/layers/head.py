"""The two-layer prediction branch of CenterNet: 3x3 convolution, ReLU, 1x1 convolution."""

import keras

from centernet_tf.layers.group_norm import GroupNorm
from centernet_tf.layers.initializers import torch_default


def conv_head(
    features,
    hidden_channels,
    channels,
    name,
    hidden_stddev=None,
    stddev=None,
    final_bias=0.0,
    hidden_bias=None,
    norm_groups=0,
):
    """Builds one branch; its output is linear and in float32 under any precision policy.

    Args:
      features: [B, H, W, C].
      hidden_channels: of the 3x3 convolution, layer `{name}_hidden`.
      channels: of the result; of the 1x1 convolution, layer `{name}_final`.
      name: of the result and, with a suffix, of the layers.
      hidden_stddev: of the normal initialisation of the 3x3 convolution, its bias then zero; None
        gives PyTorch's default for both.
      stddev: the same for the kernel of the 1x1 convolution.
      final_bias: constant bias of the 1x1 convolution; None gives PyTorch's default.
      hidden_bias: constant bias of the 3x3 convolution in place of what `hidden_stddev` says.
      norm_groups: see `hidden_layer`.

    Returns:
      float32 [B, H, W, channels].
    """
    x = hidden_layer(features, hidden_channels, name, hidden_stddev, hidden_bias, norm_groups)
    return final_layer(x, channels, name, stddev, final_bias)


def hidden_layer(features, channels, name, stddev=None, bias=None, norm_groups=0):
    """The 3x3 convolution `{name}_hidden` and ReLU `{name}_relu` of a branch, or of all in common.

    Args:
      features: [B, H, W, C].
      channels: of the result.
      name: prefix of the layers.
      stddev, bias: `hidden_stddev` and `hidden_bias` of `conv_head`.
      norm_groups: groups of a group normalisation `{name}_norm` before the ReLU; 0 for none.
    """
    if bias is None and stddev is not None:
        bias = 0.0
    x = keras.layers.Conv2D(
        channels,
        3,
        padding="same",
        kernel_initializer=_kernel(stddev),
        bias_initializer=_bias(bias, 9 * features.shape[-1]),
        name=f"{name}_hidden",
    )(features)
    if norm_groups:
        x = GroupNorm(norm_groups, name=f"{name}_norm")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)


def final_layer(x, channels, name, stddev=None, final_bias=0.0):
    """The 1x1 convolution `{name}_final` of a branch; arguments and result as of `conv_head`."""
    x = keras.layers.Conv2D(
        channels,
        1,
        kernel_initializer=_kernel(stddev),
        bias_initializer=_bias(final_bias, x.shape[-1]),
        name=f"{name}_final",
    )(x)
    return keras.layers.Activation("linear", dtype="float32", name=name)(x)


def _kernel(stddev):
    return torch_default() if stddev is None else keras.initializers.RandomNormal(stddev=stddev)


def _bias(constant, fan_in):
    if constant is not None:
        return keras.initializers.Constant(constant)
    return keras.initializers.RandomUniform(-(fan_in**-0.5), fan_in**-0.5)
