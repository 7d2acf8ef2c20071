"""MobileNetV2 and V3 (Sandler et al. 2018, Howard et al. 2019) as `keras.applications` has them.

Their ImageNet weights expect RGB images scaled to -1..1: data.channel_order rgb, data.mean and
data.std 127.5 each.
"""

import keras

from centernet_tf.errors import UserError
from centernet_tf.layers.conv_norm import is_synchronized

# The builder, and the layers whose results are the maps at strides 4, 8, 16 and 32.
NETWORKS = {
    "mobilenetv2": (
        keras.applications.MobileNetV2,
        ("block_2_add", "block_5_add", "block_12_add", "block_16_project_BN"),
    ),
    "mobilenetv3_small": (
        keras.applications.MobileNetV3Small,
        (
            "expanded_conv/project/BatchNorm",
            "expanded_conv_2/Add",
            "expanded_conv_7/Add",
            "expanded_conv_10/Add",
        ),
    ),
    "mobilenetv3_large": (
        keras.applications.MobileNetV3Large,
        (
            "expanded_conv_2/Add",
            "expanded_conv_5/Add",
            "expanded_conv_11/Add",
            "expanded_conv_14/Add",
        ),
    ),
}


def mobilenet(images, name, alpha=1.0):
    """Builds the trunk with random weights; layers are named as in `keras.applications`.

    Args:
      images: [B, H, W, 3]; sides multiples of 32.
      name: of `NETWORKS`.
      alpha: width multiplier.

    Returns:
      list of maps at strides 4, 8, 16 and 32.
    """
    ends = NETWORKS[name][1]
    network = application(name, alpha, None, images)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            # Theirs of 0.999 takes thousands of steps to follow; all others here have 0.9.
            layer.momentum = 0.9
            layer.synchronized = is_synchronized()
    return [network.get_layer(end).output for end in ends]


def application(name, alpha, weights, images=None):
    """Returns the network of `keras.applications` without its classifier.

    Args:
      name, alpha: as of `mobilenet`.
      weights: None for random ones, 'imagenet', or a file of weights in HDF5.
      images: what it is called on; None is an input of the size of the weights.

    Raises:
      UserError: there are no such weights.
    """
    build = NETWORKS[name][0]
    images = keras.Input([224, 224, 3]) if images is None else images
    options = {} if name == "mobilenetv2" else {"include_preprocessing": False}
    try:
        return build(
            input_tensor=images, alpha=alpha, include_top=False, weights=weights, **options
        )
    except Exception as error:
        if weights is None:
            raise
        # A failed download raises plain Exception.
        raise UserError(
            f"Cannot get the weights '{weights}' of '{name}' with width {alpha}: "
            f"{str(error).splitlines()[0]}"
        ) from error
