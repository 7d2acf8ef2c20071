"""The networks of xingyizhou/CenterNet."""

from centernet_tf.weights import dla
from centernet_tf.weights.hourglass_trunk import original_hourglass
from centernet_tf.weights.resnet_trunk import resnet_rules
from centernet_tf.weights.rules import COUNTERS, XY_TO_YX, Rule, Unused, prefixes_of

# The bias whose length is the number of classes.
CLASS_BIAS = r"hm\.(?:2|0\.1)\.bias"
# What may be imported, in words.
READABLE = "the detectors of xingyizhou/CenterNet (not CornerNet's own files, nor CenterNet2's)"
UNUSED = (
    COUNTERS,
    *dla.UNUSED,
    Unused(
        r"(?:hps|hm_hp|hp_offset|dep|rot|dim)\..*",
        "heads of the original's pose and 3-D detectors, of which this takes the boxes",
    ),
)
_HEADS = (("hm", "heatmap", None), ("wh", "size", XY_TO_YX), ("reg", "offset", XY_TO_YX))


def rules(network):
    """Returns the rules for a network of ours, whichever of the source's it is.

    Args:
      network: functional model.
    """
    layers = {layer.name for layer in network.layers}
    prefixes = prefixes_of(network)
    heads = (*_heads(), *_hourglass_heads(prefixes))
    necks = _deconv_layers("neck0_dcn" in layers)
    dla34 = (*dla.trunk_rules(), *dla.neck_rules())
    return (*resnet_rules(), *necks, *dla34, *original_hourglass(), *heads)


def _deconv_layers(deformable):
    """The neck: in `resdcn_N` six modules a step, in `res_N` the last three of them."""
    for step in range(3):
        name = f"neck{step}"
        first = 6 * step if deformable else 3 * step - 3
        if deformable:
            yield Rule(rf"deconv_layers\.{first}", (f"{name}_dcn",))
            yield Rule(rf"deconv_layers\.{first + 1}", (f"{name}_norm",))
        yield Rule(rf"deconv_layers\.{first + 3}", (f"{name}_up_deconv",))
        yield Rule(rf"deconv_layers\.{first + 4}", (f"{name}_up_norm",))


def _heads():
    for theirs, ours, order in _HEADS:
        yield Rule(rf"{theirs}\.0", (f"{ours}_hidden",))
        yield Rule(rf"{theirs}\.2", (f"{ours}_final",), outputs=order)


def _hourglass_heads(prefixes):
    """A head for each stack, such as hm.1.0.conv and hm.1.1 of the second."""
    for theirs, ours, order in _HEADS:
        for stack, prefix in enumerate(prefixes):
            yield Rule(rf"{theirs}\.{stack}\.0\.conv", (f"{prefix}{ours}_hidden",))
            yield Rule(rf"{theirs}\.{stack}\.1", (f"{prefix}{ours}_final",), outputs=order)
