"""Rules that say which layer of ours a weight of a PyTorch network belongs to.

A key such as `layer2.0.bn1.running_mean` is a module, `layer2.0.bn1`, and its parameter,
`running_mean`. Rules map modules to layers; what the parameters are called follows from the kind of
layer (variables.py).
"""

import dataclasses
import re
from typing import Optional, Tuple

from centernet_tf.detectors.stacks import stack_prefixes

# The convolution of a deformable layer's offsets has had several names: a module inside the layer,
# and, oldest in mmcv, one beside it with a suffix, so that a.conv_offset can belong to a or a.conv.
_OFFSETS = (
    re.compile(r"(.+)\.conv_offset(?:_mask)?\.(weight|bias)"),
    re.compile(r"(.+)_offset\.(weight|bias)"),
)


@dataclasses.dataclass(frozen=True)
class Rule:
    """Modules that fit `pattern` are the first of `layers` that the network has.

    Attributes:
      pattern: regular expression of whole module names.
      layers: templates of layer names with the groups of the pattern, such as r'stage\\1_conv'.
      outputs: where the order of the output channels differs, ours in terms of theirs: (1, 0) turns
        (x, y) into (y, x), and so for every pair of channels.
      inputs: the same for the input channels.
    """

    pattern: str
    layers: Tuple[str, ...]
    outputs: Optional[Tuple[int, ...]] = None
    inputs: Optional[Tuple[int, ...]] = None


@dataclasses.dataclass(frozen=True)
class Unused:
    """Keys that fit `pattern` are not needed, for the reason given."""

    pattern: str
    reason: str


COUNTERS = Unused(r"(?:.*\.)?(?:num_batches_tracked|n_averaged)", "counted steps")
XY_TO_YX = (1, 0)
LTRB_TO_TLBR = (1, 0, 3, 2)


def readings(key: str):
    """Returns the (module, parameter) pairs that a key can mean, the likeliest first.

    The parameters of a deformable layer's offset convolution are `offset.weight` and `offset.bias`
    of the layer.
    """
    found = [pattern.fullmatch(key) for pattern in _OFFSETS]
    pairs = [(match.group(1), f"offset.{match.group(2)}") for match in found if match]
    module, _, parameter = key.rpartition(".")
    return [*pairs, (module, parameter)]


def find_layer(module: str, rules, layers):
    """Returns (rule, layer) for a module, or (None, None).

    Args:
      module: name of a PyTorch module.
      rules: the first that leads to a layer counts.
      layers: the network's, by name.
    """
    for rule in rules:
        match = re.fullmatch(rule.pattern, module)
        for template in rule.layers if match else ():
            layer = layers.get(match.expand(template))
            if layer is not None:
                return rule, layer
    return None, None


def reason_unused(key: str, unused) -> str:
    """Returns why a key is not needed, or ''."""
    return next((note.reason for note in unused if re.fullmatch(note.pattern, key)), "")


def prefixes_of(network):
    """Returns what the names of the layers of each supervised stack begin with."""
    found = [re.match(r"stack(\d+)_", layer.name) for layer in network.layers]
    return stack_prefixes(max([int(match.group(1)) + 2 for match in found if match], default=1))
