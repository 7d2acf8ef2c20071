"""The variables of our layers under the names that PyTorch has for them, and how to turn arrays.

PyTorch stores convolutions as (out, in, y, x), transposed ones as (in, out, y, x), depthwise ones
of either kind as (channels, 1, y, x). Keras's transposed convolution keeps its kernel as
(y, x, out, in) and turns it around in space as PyTorch does, so no kernel is mirrored.
"""

import keras

from centernet_tf.layers.deformable_conv2d import DeformableConv2D
from centernet_tf.layers.depthwise_up_sampling import DepthwiseUpSampling
from centernet_tf.layers.group_norm import GroupNorm
from centernet_tf.layers.level_scale import LevelScale

_KERNEL = (2, 3, 1, 0)
_DEPTHWISE = (2, 3, 0, 1)
_VECTOR = (0,)
_CONVOLUTION = {"weight": ("kernel", _KERNEL), "bias": ("bias", _VECTOR)}
# Kinds of layers, the more special first: parameter -> (attribute, order of the axes).
_KINDS = (
    (
        keras.layers.DepthwiseConv2D,
        {"weight": ("depthwise_kernel", _DEPTHWISE), "bias": ("bias", _VECTOR)},
    ),
    (DepthwiseUpSampling, {"weight": ("depthwise_kernel", _DEPTHWISE)}),
    # Conv2DTranspose is a Conv2D, too.
    (keras.layers.Conv2D, _CONVOLUTION),
    (
        DeformableConv2D,
        {
            **_CONVOLUTION,
            "offset.weight": ("offset_kernel", _KERNEL),
            "offset.bias": ("offset_bias", _VECTOR),
        },
    ),
    (
        keras.layers.BatchNormalization,
        {
            "weight": ("gamma", _VECTOR),
            "bias": ("beta", _VECTOR),
            "running_mean": ("moving_mean", _VECTOR),
            "running_var": ("moving_variance", _VECTOR),
        },
    ),
    (GroupNorm, {"weight": ("gamma", _VECTOR), "bias": ("beta", _VECTOR)}),
    (LevelScale, {"scale": ("scale", ())}),
)


def variable_of(layer, parameter: str):
    """Returns (variable, order of the axes) of a PyTorch parameter, or (None, None)."""
    for kind, parameters in _KINDS:
        if isinstance(layer, kind) and parameter in parameters:
            attribute, axes = parameters[parameter]
            return getattr(layer, attribute, None), axes
    return None, None


def torch_shape(variable, axes):
    """The shape that PyTorch has for a variable."""
    shape = [0] * len(axes)
    for ours, theirs in enumerate(axes):
        shape[theirs] = variable.shape[ours]
    return tuple(shape)
