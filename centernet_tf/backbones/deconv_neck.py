"""Up-sampling by plain transposed convolutions: the neck of `res_N`."""

import keras

from centernet_tf.layers.conv_norm import deconv_norm

CHANNELS = (256, 256, 256)


def deconv_neck(x, channels=CHANNELS):
    """Doubles the size once for each of `channels`: stride 32 to stride 4 with three.

    Args:
      x: [B, H/32, W/32, C].
      channels: output channels of the steps.
    """
    for step, filters in enumerate(channels):
        initializer = keras.initializers.RandomNormal(stddev=0.001)
        x = deconv_norm(x, filters, initializer, f"neck{step}_up")
    return x
