"""The networks of mmdet (and mmcv's layers): CenterNet, FCOS, CenterNet-Update, CornerNet."""

from centernet_tf.weights.hourglass_trunk import mmdet_hourglass
from centernet_tf.weights.mmdet_corner import corner_rules
from centernet_tf.weights.resnet_trunk import resnet_rules
from centernet_tf.weights.rules import COUNTERS, LTRB_TO_TLBR, XY_TO_YX, Rule, Unused, prefixes_of

# The bias whose length is the number of classes.
CLASS_BIAS = r"bbox_head\.(?:heatmap_head\.2|conv_cls|tl_heat\.0\.1\.conv)\.bias"
# What may be imported, in words.
READABLE = "CenterNet, FCOS, CenterNet-Update and CornerNet of mmdet"
UNUSED = (COUNTERS, Unused(r"ema_.*", "averages beside the weights, as mmdet's EMAHook keeps them"))
_CENTER_HEADS = (
    ("heatmap_head", "heatmap", None),
    ("wh_head", "size", XY_TO_YX),
    ("offset_head", "offset", XY_TO_YX),
)


def rules(network):
    """Returns the rules for a network of ours, whichever of the source's it is.

    Args:
      network: functional model.
    """
    center = (*_deconv_layers(), *_center_heads())
    pyramid = (*_pyramid(), *_pyramid_heads())
    corners = corner_rules(prefixes_of(network))
    return (*resnet_rules(r"backbone\."), *center, *pyramid, *mmdet_hourglass(), *corners)


def _deconv_layers():
    """CTResNetNeck: a convolution, plain or deformable, and a transposed one, in turn."""
    for step in range(3):
        name = f"neck{step}"
        first, second = (rf"neck\.deconv_layers\.{2 * step + i}\." for i in (0, 1))
        yield Rule(first + "conv", (f"{name}_dcn", f"{name}_conv"))
        yield Rule(first + "bn", (f"{name}_norm",))
        yield Rule(second + "conv", (f"{name}_up_deconv",))
        yield Rule(second + "bn", (f"{name}_up_norm",))


def _center_heads():
    for theirs, ours, order in _CENTER_HEADS:
        yield Rule(rf"bbox_head\.{theirs}\.0", (f"{ours}_hidden",))
        yield Rule(rf"bbox_head\.{theirs}\.2", (f"{ours}_final",), outputs=order)


def _pyramid():
    """FPN: lateral convolutions of C3 to C5, output convolutions of P3 to P7."""
    for place, level in enumerate(range(3, 8)):
        yield Rule(rf"neck\.lateral_convs\.{place}\.conv", (f"fpn_lateral{level}",))
        yield Rule(rf"neck\.fpn_convs\.{place}\.conv", (f"fpn_output{level}",))
        yield Rule(rf"bbox_head\.scales\.{place}", (f"box_scale{level}",))


def _pyramid_heads():
    """FCOS calls classes what CenterNet-Update calls a heat-map; mmdet has one name for both."""
    for theirs, ours in (("cls", ("class", "heatmap")), ("reg", ("box",))):
        tower = rf"bbox_head\.{theirs}_convs\.(\d+)\."
        yield Rule(tower + "conv", tuple(rf"{name}_tower\1_conv" for name in ours))
        yield Rule(tower + "gn", tuple(rf"{name}_tower\1_norm" for name in ours))
    yield Rule(r"bbox_head\.conv_cls", ("class_conv", "heatmap_conv"))
    yield Rule(r"bbox_head\.conv_reg", ("box_conv",), outputs=LTRB_TO_TLBR)
    yield Rule(r"bbox_head\.conv_centerness", ("centerness_conv",))
