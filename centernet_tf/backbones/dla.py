"""DLA-34, deep layer aggregation (Yu et al. 2018), as the original CenterNet has it."""

import keras

from centernet_tf.layers.conv_norm import conv_norm
from centernet_tf.layers.residual_block import basic_block

# Of levels 0 to 5, at strides 1 to 32.
CHANNELS = (16, 32, 64, 128, 256, 512)


def dla34(images, channels=CHANNELS):
    """Builds the six levels.

    Layers, after the original's modules `base.*`; `*` stands for conv and norm:

        base_*, level0_*, level1_*              [base_layer, level0, level1]
        level{l}_tree{t}_{i}_*                  convolution i of a block, l = 2, 5 [tree{t}]
        level{l}_tree{u}_tree{t}_{i}_*          the same in the two trees of l = 3, 4
        ..._root_*, ..._project_*               [root, project]

    The original also evaluates a `project` of levels 3 and 4 as a whole and throws its result away;
    these 41,728 parameters, and the 1000 classes of ImageNet, have no place here.

    Args:
      images: [B, H, W, 3]; sides multiples of 32.
      channels: of the levels.

    Returns:
      list of six maps, at strides 1, 2, 4, 8, 16 and 32.
    """
    x = conv_norm(images, channels[0], 7, 1, "base")
    levels = [conv_norm(x, channels[0], 3, 1, "level0")]
    levels.append(conv_norm(levels[0], channels[1], 3, 2, "level1"))
    for level in (2, 3, 4, 5):
        name, width, x = f"level{level}", channels[level], levels[-1]
        pooled = keras.layers.MaxPooling2D(2, 2, name=f"{name}_pool")(x)
        if level in (3, 4):
            first = _tree(x, pooled, width, 2, f"{name}_tree1")
            x = _tree(first, first, width, 1, f"{name}_tree2", (pooled, first))
        else:
            x = _tree(x, pooled, width, 2, name, (pooled,) if level == 5 else ())
        levels.append(x)
    return levels


def _tree(x, pooled, channels, strides, name, children=()):
    """Two blocks and a root that sees both and the children.

    Args:
      x: [B, H, W, C].
      pooled: x at the size of the result.
      channels: of the result.
      strides: of the first block.
      name: of the layers, with a suffix.
      children: maps of the size of the result that the root sees, too.
    """
    residual = pooled
    if pooled.shape[-1] != channels:
        residual = conv_norm(pooled, channels, 1, 1, f"{name}_project", relu=False)
    first = basic_block(x, channels, strides, f"{name}_tree1", residual)
    second = basic_block(first, channels, 1, f"{name}_tree2", first)
    seen = keras.layers.Concatenate(name=f"{name}_concat")([second, first, *children])
    return conv_norm(seen, channels, 1, 1, f"{name}_root")
