"""ResNet as torchvision and, by option, as Caffe has it (He et al. 2015).

torchvision puts the stride of a bottleneck on its 3x3 convolution, Caffe on its first 1x1. Stages 1
to 4 make the maps that pyramids call C2 to C5.
"""

import keras

from centernet_tf.errors import UserError
from centernet_tf.layers.conv_norm import conv_norm
from centernet_tf.layers.deformable_conv_norm import deformable_conv_norm
from centernet_tf.layers.residual_block import add_and_relu, basic_block, shortcut

# Blocks of the four stages, and whether a block is a bottleneck with four times its width at the
# end.
DEPTHS = {
    18: ((2, 2, 2, 2), False),
    34: ((3, 4, 6, 3), False),
    50: ((3, 4, 6, 3), True),
    101: ((3, 4, 23, 3), True),
    152: ((3, 8, 36, 3), True),
}


def resnet(images, depth, base_channels=64, caffe=False, dcn_stages=()):
    """Builds the four stages.

    Layers: `stem_conv`, `stem_norm`; then `stage{s}_block{b}_{i}_conv` (or `_dcn`) and `_norm` for
    convolution i = 1, 2, (3) of block b, counted from 0, of stage s = 1 to 4, and
    `stage{s}_block{b}_shortcut_conv` and `_norm` where there is one.

    Args:
      images: float tensor [B, H, W, 3], normalised.
      depth: 18, 34, 50, 101 or 152.
      base_channels: width of the first stage; 64 is the published network.
      caffe: the stride of a bottleneck on its first convolution.
      dcn_stages: of (3, 4, 5), the maps C3 to C5 whose bottlenecks have a deformable 3x3
        convolution without bias, as mmdet's `stage_with_dcn`.

    Returns:
      list of the outputs of stages 1 to 4, at strides 4, 8, 16 and 32; sides are rounded up.

    Raises:
      UserError: deformable stages of a network without bottlenecks.
    """
    blocks, bottleneck = DEPTHS[depth]
    if dcn_stages and not bottleneck:
        raise UserError(
            f"model.backbone.dcn_stages is {list(dcn_stages)}, but ResNet-{depth} has no "
            "bottlenecks; take ResNet-50, -101 or -152, or leave it empty."
        )
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
            if bottleneck:
                x = _bottleneck(x, width, strides, name, caffe, stage + 1 in dcn_stages)
            else:
                x = basic_block(x, width, strides, name)
        features.append(x)
    return features


def _bottleneck(x, width, strides, name, caffe, deformable):
    first, second = (strides, 1) if caffe else (1, strides)
    y = conv_norm(x, width, 1, first, f"{name}_1")
    if deformable:
        y = deformable_conv_norm(y, width, second, f"{name}_2", use_bias=False)
    else:
        y = conv_norm(y, width, 3, second, f"{name}_2")
    y = conv_norm(y, 4 * width, 1, 1, f"{name}_3", relu=False)
    return add_and_relu(shortcut(x, 4 * width, strides, name), y, name)
