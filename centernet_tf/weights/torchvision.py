"""ImageNet classifiers whose trunks our backbones are: torchvision's ResNets."""

from centernet_tf.weights.resnet_trunk import resnet_rules
from centernet_tf.weights.rules import COUNTERS, Unused

UNUSED = (COUNTERS, Unused(r"fc\.(?:weight|bias)", "the classifier of ImageNet"))


def rules(flip_stem=False):
    """Returns the rules of the trunk.

    Args:
      flip_stem: whether the order of the channels is the other one here.
    """
    return resnet_rules(flip_stem=flip_stem)


def is_trunk(name: str) -> bool:
    """Says whether a variable is one that the classifier has, too."""
    layer, _, variable = name.partition("/")
    return layer.startswith(("stem_", "stage")) and not variable.startswith("offset_")
