"""ResNet as torchvision has it (He et al. 2015; stride on the 3x3 convolution of a bottleneck)."""

import keras

from centernet_tf.layers.conv_norm import conv_norm

# Blocks of the four stages, and whether a block is a bottleneck with four times its width at the
# end.
DEPTHS = {
    18: ((2, 2, 2, 2), False),
    34: ((3, 4, 6, 3), False),
    50: ((3, 4, 6, 3), True),
    101: ((3, 4, 23, 3), True),
    152: ((3, 8, 36, 3), True),
}


def resnet(images, depth, base_channels=64):
    """Builds the four stages.

    Args:
      images: float tensor [B, H, W, 3], normalised; sides multiples of 32.
      depth: 18, 34, 50, 101 or 152.
      base_channels: width of the first stage; 64 is the published network.

    Returns:
      list of the outputs of stages 1 to 4, at strides 4, 8, 16 and 32.
    """
    blocks, bottleneck = DEPTHS[depth]
    x = conv_norm(images, base_channels, 7, 2, "stem")
    # After ReLU a border of zeros is the same as PyTorch's border of -infinity.
    x = keras.layers.ZeroPadding2D(1, name="stem_pool_pad")(x)
    x = keras.layers.MaxPooling2D(3, 2, "valid", name="stem_pool")(x)
    features = []
    for stage, count in enumerate(blocks, start=1):
        width = base_channels * 2 ** (stage - 1)
        for block in range(count):
            strides = 2 if stage > 1 and block == 0 else 1
            name = f"stage{stage}_block{block}"
            x = (_bottleneck if bottleneck else _basic)(x, width, strides, name)
        features.append(x)
    return features


def _basic(x, width, strides, name):
    y = conv_norm(x, width, 3, strides, f"{name}_1")
    y = conv_norm(y, width, 3, 1, f"{name}_2", relu=False)
    return _join(_shortcut(x, width, strides, name), y, name)


def _bottleneck(x, width, strides, name):
    y = conv_norm(x, width, 1, 1, f"{name}_1")
    y = conv_norm(y, width, 3, strides, f"{name}_2")
    y = conv_norm(y, 4 * width, 1, 1, f"{name}_3", relu=False)
    return _join(_shortcut(x, 4 * width, strides, name), y, name)


def _shortcut(x, channels, strides, name):
    if strides == 1 and x.shape[-1] == channels:
        return x
    return conv_norm(x, channels, 1, strides, f"{name}_shortcut", relu=False)


def _join(shortcut, y, name):
    y = keras.layers.Add(name=f"{name}_add")([shortcut, y])
    return keras.layers.ReLU(name=f"{name}_relu")(y)
