"""Iterative up-sampling of DLA's levels to stride 4, deformable or plain.

The necks of the original's `dla_34` (module pose_dla_dcn) and `dlav0_34` (module dlav0). Coarse
levels are projected, doubled by a learned depthwise up-sampling and joined with finer ones: summed
in the deformable network, concatenated in the plain one.
"""

import keras

from centernet_tf.layers.conv_norm import conv_norm
from centernet_tf.layers.deformable_conv_norm import deformable_conv_norm
from centernet_tf.layers.depthwise_up_sampling import DepthwiseUpSampling


def dla_up_deformable(levels):
    """The neck of `dla_34`: [B, H/4, W/4, C] from the maps at strides 4 to 32.

    Layers: `dlaup{k}_{part}{j}` of the original's `dla_up.ida_k`, k = 0 to 2, and `idaup_{part}{j}`
    of its `ida_up`, j from 1; part is proj or node (`_dcn`, `_norm`) or up.
    """
    layers, merged = list(levels), []
    for step in range(len(levels) - 1):
        start = len(levels) - 2 - step
        width = levels[start].shape[-1]
        layers[start:] = _sums(layers[start:], width, [2] * (step + 1), f"dlaup{step}")
        merged.insert(0, layers[-1])
    return _sums(merged, merged[0].shape[-1], [2, 4], "idaup")[-1]


def dla_up_plain(levels):
    """The neck of `dlav0_34`: [B, H/4, W/4, C] from the maps at strides 4 to 32.

    Layers: `dlaup{k}_{part}{j}` of the original's `dla_up.ida_k`; part is proj or node (`_conv`,
    `_norm`) or up.
    """
    layers = list(levels)
    for step in range(len(levels) - 1):
        start = len(levels) - 2 - step
        layers[start + 1 :] = _concatenations(layers[start:], f"dlaup{step}")
    return layers[-1]


def _sums(maps, width, factors, name):
    """Joins each map, brought to the size of the first, with the one before, already joined."""
    joined = [maps[0]]
    for j, (x, factor) in enumerate(zip(maps[1:], factors), start=1):
        x = deformable_conv_norm(x, width, 1, f"{name}_proj{j}", use_bias=True)
        x = DepthwiseUpSampling(factor, name=f"{name}_up{j}")(x)
        x = keras.layers.Add(name=f"{name}_add{j}")([x, joined[-1]])
        joined.append(deformable_conv_norm(x, width, 1, f"{name}_node{j}", use_bias=True))
    return joined


def _concatenations(maps, name):
    """Returns what the second and all further maps became."""
    width, joined = maps[0].shape[-1], [maps[0]]
    for j, x in enumerate(maps[1:], start=1):
        if x.shape[-1] != width:
            x = conv_norm(x, width, 1, 1, f"{name}_proj{j}")
        x = DepthwiseUpSampling(2, name=f"{name}_up{j}")(x)
        x = keras.layers.Concatenate(name=f"{name}_concat{j}")([joined[-1], x])
        joined.append(conv_norm(x, width, 3, 1, f"{name}_node{j}"))
    return joined[1:]
