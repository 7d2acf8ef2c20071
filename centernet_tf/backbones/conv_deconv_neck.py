"""Up-sampling by a 3x3 convolution, plain or deformable, before each transposed convolution.

The neck of the original's `resdcn_N` and of mmdet's CTResNetNeck. The 3x3 convolution reduces the
channels first, so the transposed convolution is narrow.
"""

from centernet_tf.layers.conv_norm import conv_norm, deconv_norm
from centernet_tf.layers.deformable_conv_norm import deformable_conv_norm
from centernet_tf.layers.initializers import FirstChannelBilinear, torch_default

CHANNELS = (256, 128, 64)


def conv_deconv_neck(x, deformable, use_bias, channels=CHANNELS):
    """Doubles the size once for each of `channels`: stride 32 to stride 4 with three.

    Step i has the layers `neck{i}_dcn` or `neck{i}_conv`, `neck{i}_norm`, `neck{i}_up_deconv` and
    `neck{i}_up_norm`.

    Args:
      x: [B, H/32, W/32, C].
      deformable: modulated deformable convolutions in place of plain ones.
      use_bias: a bias in the deformable convolution; the original has one, mmdet has none.
      channels: output channels of the steps.
    """
    for step, filters in enumerate(channels):
        name = f"neck{step}"
        x = reduce_channels(x, filters, deformable, use_bias, name)
        x = deconv_norm(x, filters, FirstChannelBilinear(), f"{name}_up")
    return x


def reduce_channels(x, filters, deformable, use_bias, name):
    """A 3x3 convolution, plain or deformable, to `filters` channels, normalisation and ReLU."""
    if deformable:
        return deformable_conv_norm(x, filters, 1, name, use_bias)
    return conv_norm(x, filters, 3, 1, name, initializer=torch_default())
