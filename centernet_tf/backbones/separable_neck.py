"""Light up-sampling for phones: nearest neighbours, lateral connections, separable convolutions."""

import keras

from centernet_tf.layers.conv_norm import conv_norm
from centernet_tf.layers.initializers import torch_default
from centernet_tf.layers.nearest_up_sampling import NearestUpSampling
from centernet_tf.layers.separable_conv_norm import separable_conv_norm

CHANNELS = (96, 64, 32)


def separable_neck(stages, channels=CHANNELS):
    """Doubles the size of the last stage three times, adding the stage of that size each time.

    Our own; no published weights have it. Layers of step i: `neck{i}_reduce_*`,
    `neck{i}_lateral_*` and `neck{i}_*`.

    Args:
      stages: maps at strides 4, 8, 16 and 32.
      channels: output channels of the three steps.

    Returns:
      [B, H/4, W/4, channels[-1]].
    """
    x = stages[-1]
    for step, (filters, finer) in enumerate(zip(channels, stages[-2::-1])):
        name = f"neck{step}"
        x = conv_norm(x, filters, 1, 1, f"{name}_reduce", initializer=torch_default())
        x = NearestUpSampling(name=f"{name}_up")([x, finer])
        lateral = conv_norm(finer, filters, 1, 1, f"{name}_lateral", False, torch_default())
        x = keras.layers.Add(name=f"{name}_add")([x, lateral])
        x = separable_conv_norm(x, filters, name)
    return x
