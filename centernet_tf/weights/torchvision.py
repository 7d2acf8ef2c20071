"""ImageNet classifiers whose trunks our backbones are: torchvision's ResNets, and DLA-34."""

from centernet_tf.weights import dla
from centernet_tf.weights.resnet_trunk import resnet_rules
from centernet_tf.weights.rules import COUNTERS

UNUSED = (COUNTERS, *dla.UNUSED)
# What the names of their layers begin with.
_TRUNKS = ("stem_", "stage", "base_", "level")


def rules(flip_stem=False):
    """Returns the rules of the trunks.

    Args:
      flip_stem: whether the order of the channels is the other one here.
    """
    return (*resnet_rules(flip_stem=flip_stem), *dla.trunk_rules("", flip_stem))


def is_trunk_key(key: str) -> bool:
    """Says whether a weight of a file is one of a block of a trunk."""
    return key.startswith(("layer", "level"))


def is_trunk(name: str) -> bool:
    """Says whether a variable is one that the classifier has, too."""
    layer, _, variable = name.partition("/")
    # The offsets of deformable convolutions start at zero.
    return layer.startswith(_TRUNKS) and not variable.startswith("offset_")
