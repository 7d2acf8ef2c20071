"""Nearest-neighbour up-sampling of a map to the size of another."""

import keras

from centernet_tf.ops.nearest import upsample_nearest_to


@keras.saving.register_keras_serializable(package="centernet_tf")
class NearestUpSampling(keras.layers.Layer):
    """Doubles the first of two maps and cuts it to the size of the second.

    Called on [x, like], maps [B, ceil(H / 2), ceil(W / 2), C] and [B, H, W, C']; returns
    [B, H, W, C], with the values of PyTorch's nearest interpolation to the size of `like`. Unlike
    Keras's `UpSampling2D`, it has a gradient under XLA.
    """

    def call(self, inputs):
        x, like = inputs
        return upsample_nearest_to(x, like)
