"""Up-sampling with lateral connections from the stages of the same size, as in a feature pyramid.

The published necks see nothing but the last stage, at stride 32, from which the network has to
learn to place objects within a cell of stride 4. With ImageNet weights and a hundred thousand steps
it does; from scratch on a few hundred images the finer stages make the difference (BUILD_NOTES.md).
"""

import keras

from centernet_tf.backbones.conv_deconv_neck import CHANNELS, reduce_channels
from centernet_tf.layers.conv_norm import conv_norm, deconv_norm
from centernet_tf.layers.initializers import torch_default


def lateral_neck(stages, deformable, channels=CHANNELS):
    """Doubles the size of the last stage three times, adding the stage of that size each time.

    Args:
      stages: outputs of a ResNet at strides 4, 8, 16 and 32.
      deformable: modulated deformable convolutions in place of plain ones.
      channels: output channels of the three steps.

    Returns:
      [B, H/4, W/4, channels[-1]].
    """
    x = stages[-1]
    for step, (filters, finer) in enumerate(zip(channels, stages[-2::-1])):
        name = f"neck{step}"
        x = reduce_channels(x, filters, deformable, False, name)
        x = deconv_norm(x, filters, torch_default(), f"{name}_up")
        lateral = conv_norm(finer, filters, 1, 1, f"{name}_lateral", initializer=torch_default())
        x = keras.layers.Add(name=f"{name}_add")([x, lateral])
    return x
