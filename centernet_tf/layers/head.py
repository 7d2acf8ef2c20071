"""The two-layer prediction branch of CenterNet: 3x3 convolution, ReLU, 1x1 convolution."""

import keras

from centernet_tf.layers.initializers import torch_default


def conv_head(
    features, hidden_channels, channels, name, hidden_stddev=None, stddev=None, final_bias=0.0
):
    """Builds one branch; its output is linear and in float32 under any precision policy.

    Args:
      features: [B, H, W, C].
      hidden_channels: of the 3x3 convolution.
      channels: of the result.
      name: of the result and, with a suffix, of the layers.
      hidden_stddev: of the normal initialisation of the 3x3 convolution, its bias then zero; None
        gives PyTorch's default for both.
      stddev: the same for the 1x1 convolution.
      final_bias: constant bias of the 1x1 convolution.

    Returns:
      float32 [B, H, W, channels].
    """
    hidden_bias = 0.0 if hidden_stddev is not None else (9 * features.shape[-1]) ** -0.5
    x = keras.layers.Conv2D(
        hidden_channels,
        3,
        padding="same",
        kernel_initializer=_kernel(hidden_stddev),
        bias_initializer=keras.initializers.RandomUniform(-hidden_bias, hidden_bias),
        name=f"{name}_hidden",
    )(features)
    x = keras.layers.ReLU(name=f"{name}_relu")(x)
    x = keras.layers.Conv2D(
        channels,
        1,
        kernel_initializer=_kernel(stddev),
        bias_initializer=keras.initializers.Constant(final_bias),
        name=f"{name}_final",
    )(x)
    return keras.layers.Activation("linear", dtype="float32", name=name)(x)


def _kernel(stddev):
    return torch_default() if stddev is None else keras.initializers.RandomNormal(stddev=stddev)
