"""ImageNet weights of `keras.applications` for MobileNet trunks."""

from centernet_tf.backbones.mobilenet import NETWORKS, application
from centernet_tf.errors import UserError


def has_application_weights(name: str) -> bool:
    """Says whether a backbone's trunk is a network of `keras.applications`."""
    return name in NETWORKS


def init_mobilenet(network, name: str, alpha: float, weights: str) -> str:
    """Gives the trunk of a network the weights of an ImageNet classifier.

    Args:
      network: what a detector's `build` returned.
      name: model.backbone.name.
      alpha: model.backbone.width_multiplier.
      weights: 'imagenet', which downloads them once, or a file that `keras.applications` saved
        without its classifier.

    Returns:
      what was done, as text.

    Raises:
      UserError: there are no such weights, or they cannot be fetched.
    """
    if weights != "imagenet" and not weights.endswith((".h5", ".hdf5")):
        raise UserError(
            f"model.backbone.init_checkpoint of '{name}' takes 'imagenet' or an .h5 file of "
            f"keras.applications; got '{weights}'."
        )
    source = application(name, alpha, weights)
    ours = {layer.name: layer for layer in network.layers}
    count = 0
    for layer in source.layers:
        if layer.weights and layer.name in ours:
            ours[layer.name].set_weights(layer.get_weights())
            count += len(layer.weights)
    return (
        f"{count} weights of the trunk are those of '{weights}'; they are used to RGB images and "
        "data.mean and data.std of 127.5."
    )
