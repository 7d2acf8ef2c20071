"""Heads that the levels of a pyramid share: towers and output convolutions (FCOS, RetinaNet)."""

import keras

from centernet_tf.layers.group_norm import GroupNorm
from centernet_tf.layers.level_scale import LevelScale


def tower(levels, channels, depth, groups, use_bias, name):
    """Runs the same 3x3 convolutions, each with group normalisation and ReLU, over every level.

    Layers: `{name}{i}_conv`, `{name}{i}_norm`, `{name}{i}_relu`, i = 0 to depth - 1.

    Args:
      levels: list of maps [B, H, W, C].
      channels: of every layer, a multiple of `groups`.
      depth: how many layers.
      groups: of the normalisation.
      use_bias: a bias in the convolutions.
      name: prefix of the layers.

    Returns:
      list of maps [B, H, W, channels].
    """
    for i in range(depth):
        step = f"{name}{i}"
        layers = (
            _convolution(channels, f"{step}_conv", use_bias=use_bias),
            GroupNorm(groups, name=f"{step}_norm"),
            keras.layers.ReLU(name=f"{step}_relu"),
        )
        for layer in layers:
            levels = [layer(level) for level in levels]
    return levels


def logit_maps(levels, channels, bias, name, first_level=3):
    """A 3x3 convolution over every level; its outputs are float32 under any precision policy.

    Layers: `{name}_conv`, and `{name}_p{l}`, l = first_level, ..., for the outputs.

    Args:
      levels: list of maps [B, H, W, C].
      channels: of the outputs.
      bias: constant that the bias starts from.
      name: prefix of the layers.
      first_level: number of the first of the levels.

    Returns:
      dict of maps [B, H, W, channels] by the names of the outputs.
    """
    convolution = _convolution(channels, f"{name}_conv", bias)
    return {
        output: keras.layers.Activation("linear", dtype="float32", name=output)(convolution(level))
        for output, level in _named(levels, name, first_level)
    }


def distance_maps(levels, activation, units, bias, name, first_level=3):
    """Predicts the distances of every cell to the sides of its box.

    Layers: `{name}_conv` with channels (top, left, bottom, right), and of every level l
    `{name}_scale{l}`, `{name}_positive{l}` and the output `{name}_p{l}`.

    Args:
      levels: list of maps [B, H, W, C].
      activation: 'exponential' or 'relu' of the scaled values, in float32.
      units: what a distance of 1 is in pixels, one number a level.
      bias: constant that the bias starts from.
      name: prefix of the layers.
      first_level: number of the first of the levels.

    Returns:
      dict of float32 maps [B, H, W, 4] in pixels by the names of the outputs.
    """
    convolution, outputs = _convolution(4, f"{name}_conv", bias), {}
    for number, (output, level) in enumerate(_named(levels, name, first_level)):
        x = LevelScale(name=f"{name}_scale{first_level + number}")(convolution(level))
        positive = f"{name}_positive{first_level + number}"
        x = keras.layers.Activation(activation, dtype="float32", name=positive)(x)
        outputs[output] = keras.layers.Rescaling(units[number], dtype="float32", name=output)(x)
    return outputs


def _convolution(channels, name, bias=0.0, use_bias=True):
    return keras.layers.Conv2D(
        channels,
        3,
        padding="same",
        use_bias=use_bias,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
        bias_initializer=keras.initializers.Constant(bias),
        name=name,
    )


def _named(levels, name, first_level):
    return [(f"{name}_p{number}", level) for number, level in enumerate(levels, first_level)]
