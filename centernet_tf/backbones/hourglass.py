"""Stacked hourglasses (Newell et al. 2016) as CornerNet and CenterNet use them.

The published large hourglass; mmdet's HourglassNet is the same graph. Each stack is supervised: the
heads of the earlier ones serve training alone.
"""

import keras

from centernet_tf.layers.conv_norm import conv_norm
from centernet_tf.layers.initializers import torch_default
from centernet_tf.layers.nearest_up_sampling import NearestUpSampling
from centernet_tf.layers.residual_block import basic_block

# Of the six levels, strides 4 to 128.
CHANNELS = (256, 256, 384, 384, 384, 512)
BLOCKS = (2, 2, 2, 2, 2, 4)


def hourglass(images, stacks, channels=CHANNELS, blocks=BLOCKS, out_channels=256):
    """Builds the network.

    Layers, with the original's names in brackets; `*` stands for conv and norm, and a residual
    block (`layers/residual_block.py`) has the parts 1, 2 and perhaps shortcut:

        pre0_*, pre1_{part}_*                   stem [pre.0, pre.1]
        hourglass{s}_up1_{i}_{part}_*           beside the pooled half [kps.s.up1.i]
        hourglass{s}_low1_{i}, _low3_{i}        into it, out of it
        hourglass{s}_low2_...                   the level below, as the hourglass itself; at the
                                                bottom low2_{i}
        feature{s}_*                            the output of a stack [cnvs.s]
        merge{s}_inter_*, merge{s}_feature_*    between stacks [inters_.s, cnvs_.s]
        merge{s}_block_{part}_*                 [inters.s]

    Args:
      images: [B, H, W, 3]; sides multiples of 128, or such as 511 that halve to map sizes of their
        own, rounded up.
      stacks: how many hourglasses.
      channels: of the levels.
      blocks: residual blocks of the levels.
      out_channels: of the maps returned.

    Returns:
      list of `stacks` maps [B, H/4, W/4, out_channels].
    """
    x = conv_norm(images, channels[0] // 2, 7, 2, "pre0", initializer=torch_default())
    inter = _residual(x, channels[0], 2, "pre1")
    maps = []
    for stack in range(stacks):
        x = _level(inter, channels, blocks, f"hourglass{stack}")
        feature = conv_norm(x, out_channels, 3, 1, f"feature{stack}", initializer=torch_default())
        maps.append(feature)
        if stack + 1 < stacks:
            inter = _merge(inter, feature, f"merge{stack}")
    return maps


def _level(x, channels, blocks, name):
    """A level and all below it: [B, H, W, channels[0]] in and out."""
    (width, deeper), (count, deeper_count) = channels[:2], blocks[:2]
    beside = _residuals(x, [width] * count, 1, f"{name}_up1")
    low = _residuals(x, [deeper] * count, 2, f"{name}_low1")
    if len(channels) > 2:
        low = _level(low, channels[1:], blocks[1:], f"{name}_low2")
    else:
        low = _residuals(low, [deeper] * deeper_count, 1, f"{name}_low2")
    # The width changes in the last block here, in the first elsewhere.
    low = _residuals(low, [deeper] * (count - 1) + [width], 1, f"{name}_low3")
    up = NearestUpSampling(name=f"{name}_up2")([low, beside])
    return keras.layers.Add(name=f"{name}_add")([beside, up])


def _merge(inter, feature, name):
    """What the next stack starts from."""
    width = inter.shape[-1]
    inter = conv_norm(inter, width, 1, 1, f"{name}_inter", False, torch_default())
    feature = conv_norm(feature, width, 1, 1, f"{name}_feature", False, torch_default())
    x = keras.layers.Add(name=f"{name}_add")([inter, feature])
    x = keras.layers.ReLU(name=f"{name}_relu")(x)
    return _residual(x, width, 1, f"{name}_block")


def _residuals(x, widths, strides, name):
    for i, width in enumerate(widths):
        x = _residual(x, width, strides if i == 0 else 1, f"{name}_{i}")
    return x


def _residual(x, width, strides, name):
    return basic_block(x, width, strides, name, start=torch_default)
