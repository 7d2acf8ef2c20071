"""Corner and centre pooling as layers, and the prediction modules made of them."""

import keras

from centernet_tf.layers.conv_norm import conv_norm
from centernet_tf.layers.initializers import torch_default
from centernet_tf.ops import corner_pool

# Directions in which the two branches of a corner pool.
_CORNERS = {"tl": ("top", "left"), "br": ("bottom", "right")}


@keras.saving.register_keras_serializable(package="centernet_tf")
class CornerPool2D(keras.layers.Layer):
    """See `ops.corner_pool.corner_pool`; [B, H, W, C] to the same.

    Attributes:
      direction: top, bottom, left or right.
      method: running or doubling.
    """

    def __init__(self, direction, method="running", **kwargs):
        super().__init__(**kwargs)
        self.direction = direction
        self.method = method

    def call(self, maps):
        return corner_pool.corner_pool(maps, self.direction, self.method)

    def get_config(self):
        return {**super().get_config(), "direction": self.direction, "method": self.method}


@keras.saving.register_keras_serializable(package="centernet_tf")
class CenterPool2D(keras.layers.Layer):
    """See `ops.corner_pool.center_pool`; [B, H, W, C] to the same.

    Attributes:
      direction: column or row.
    """

    def __init__(self, direction, **kwargs):
        super().__init__(**kwargs)
        self.direction = direction

    def call(self, maps):
        return corner_pool.center_pool(maps, self.direction)

    def get_config(self):
        return {**super().get_config(), "direction": self.direction}


def corner_module(features, corner, channels, name, method="running"):
    """CornerNet's prediction module (section 3.5, figure 7; mmdet's BiCornerPool).

    Layers: {name}_branch1, {name}_branch2 (3x3), {name}_merge (3x3), {name}_skip (1x1) and
    {name}_out (3x3), each with _conv and _norm.

    Args:
      features: [B, H, W, C].
      corner: 'tl' or 'br'.
      channels: of the two pooled branches; 128 as published.
      name: of the layers, with a suffix.
      method: see `ops.corner_pool.corner_pool`.

    Returns:
      [B, H, W, C].
    """
    pooled = []
    for branch, direction in enumerate(_CORNERS[corner], 1):
        x = _convolution(features, channels, 3, f"{name}_branch{branch}")
        pooled.append(CornerPool2D(direction, method, name=f"{name}_{direction}")(x))
    return _merge(features, pooled, name)


def cascade_corner_module(features, corner, channels, name, method="running"):
    """Cascade corner pooling (keypoint triplets, section 3.2): corners look inside the object.

    Before a branch is pooled in its direction, another view of the features, pooled in the
    direction of the other branch, is added to it. Layers besides those of `corner_module`:
    {name}_look1, {name}_look2 (3x3, with _conv and _norm) and {name}_cascade1, {name}_cascade2
    (3x3, no bias). Arguments and result as there.
    """
    directions, pooled = _CORNERS[corner], []
    for branch, direction in enumerate(directions, 1):
        other = directions[2 - branch]
        look = _convolution(features, channels, 3, f"{name}_look{branch}")
        look = CornerPool2D(other, method, name=f"{name}_look_{other}")(look)
        x = _convolution(features, channels, 3, f"{name}_branch{branch}")
        x = keras.layers.Add(name=f"{name}_looked{branch}")([x, look])
        x = keras.layers.Conv2D(
            channels,
            3,
            padding="same",
            use_bias=False,
            kernel_initializer=torch_default(),
            name=f"{name}_cascade{branch}",
        )(x)
        pooled.append(CornerPool2D(direction, method, name=f"{name}_{direction}")(x))
    return _merge(features, pooled, name)


def center_module(features, channels, name):
    """Centre pooling (keypoint triplets, section 3.2): row and column maxima at every cell.

    Layers, arguments and result as in `corner_module`.
    """
    pooled = []
    for branch, direction in enumerate(("column", "row"), 1):
        x = _convolution(features, channels, 3, f"{name}_branch{branch}")
        pooled.append(CenterPool2D(direction, name=f"{name}_{direction}")(x))
    return _merge(features, pooled, name)


def _merge(features, pooled, name):
    channels = features.shape[-1]
    x = keras.layers.Add(name=f"{name}_sum")(pooled)
    x = _convolution(x, channels, 3, f"{name}_merge", relu=False)
    skip = _convolution(features, channels, 1, f"{name}_skip", relu=False)
    x = keras.layers.Add(name=f"{name}_add")([x, skip])
    x = keras.layers.ReLU(name=f"{name}_relu")(x)
    return _convolution(x, channels, 3, f"{name}_out")


def _convolution(x, channels, kernel_size, name, relu=True):
    return conv_norm(x, channels, kernel_size, 1, name, relu, torch_default())
