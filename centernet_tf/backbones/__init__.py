"""Backbones by name: image to a stride-4 feature map, or to a pyramid of maps.

`build_backbone`, maps at stride 4:

    res_N                 ResNet and three 256-channel transposed convolutions (original)
    resdcn_N              ResNet with deformable convolutions in the neck (original)
    mmdet_resnetN         ResNet with mmdet's neck, plain 3x3 convolutions
    mmdet_resnetN_dcn     the same, deformable
    lateral_resnetN       ResNet with a neck that also sees the finer stages; to train from scratch
    lateral_resnetN_dcn   the same, deformable
    dla_34                DLA with deformable aggregation (original)
    dlav0_34              DLA with plain aggregation (original)
    hourglass_104         two stacked hourglasses, both supervised (CornerNet, CenterNet)
    hourglass_52          one of them
    mobilenetv2           MobileNets of keras.applications with a light neck, for phones
    mobilenetv3_small
    mobilenetv3_large

`build_pyramid`, levels P3 to P7:

    fpn_resnetN           ResNet and feature pyramid; stride on the 3x3 convolutions (torchvision)
    fpn_resnetN_caffe     the same; stride on the first 1x1 convolutions (Caffe)

N is 18, 34, 50, 101 or 152. A new family is a file in this folder and an entry in `families.py`.
"""

import re

from centernet_tf.backbones.families import FAMILIES
from centernet_tf.backbones.widths import neck_channels
from centernet_tf.errors import UserError, nearest
from centernet_tf.settings import BackboneConfig

STRIDE = 4
PYRAMID_STRIDES = (8, 16, 32, 64, 128)
# The settings that not every backbone has.
_OPTIONAL = ("trunk_channels", "neck_channels", "level_blocks", "dcn_stages")


def build_backbone(config: BackboneConfig, images):
    """Returns a list of feature maps [B, H/4, W/4, C] of normalised images [B, H, W, 3].

    One for each supervised stack, the last of which inference uses; all networks but hourglasses
    have one.

    Raises:
      UserError: no backbone of that name, or settings that do not suit it.
    """
    family, match = _family(config.name, pyramid=False)
    return family.build(config, images, *match.groups())


def build_pyramid(
    config: BackboneConfig,
    images,
    extra_from="output",
    relu_before_p6=False,
    relu_before_p7=True,
    initializer="glorot_uniform",
):
    """Returns the levels P3 to P7 of normalised images [B, H, W, 3], as `fpn.fpn` makes them.

    The defaults are mmdet's for FCOS.

    Args:
      config: names one of the `fpn_` networks.
      images: [B, H, W, 3].
      extra_from: what P6 is made of: 'output', 'lateral' or 'input' of P5.
      relu_before_p6, relu_before_p7: a ReLU before the convolution that makes the level.
      initializer: of the pyramid's kernels, see `fpn.fpn`.

    Returns:
      list of five maps, sides ceil(H / s) and ceil(W / s) for s in `PYRAMID_STRIDES`.

    Raises:
      UserError: no pyramid of that name, or settings that do not suit it.
    """
    from centernet_tf.backbones.fpn import CHANNELS, fpn

    family, match = _family(config.name, pyramid=True)
    stages = family.build(config, images, *match.groups())
    (channels,) = neck_channels(config, (CHANNELS,))
    return fpn(stages[1:], channels, extra_from, relu_before_p6, relu_before_p7, initializer)


def size_multiple(config: BackboneConfig) -> int:
    """What the sides of the input must be multiples of, in pixels."""
    for family in FAMILIES:
        if re.fullmatch(family.pattern, config.name):
            return family.multiple
    return 32


def backbone_faults(config, one_less=False) -> list:
    """Returns a sentence for every size and setting that the backbone of an experiment cannot take.

    Args:
      config: the experiment.
      one_less: whether the detector also takes sides that are one less than a multiple, as 511;
        convolutions of stride 2 halve 511 and 512 to the same 256.
    """
    multiple, name = size_multiple(config.model.backbone), config.model.backbone.name
    faults = [
        f"model.backbone.{setting} has no effect on '{name}'; leave it out."
        for setting in _unread_settings(config.model.backbone)
    ]
    stages = config.model.backbone.dcn_stages
    if not set(stages) <= {3, 4, 5}:
        faults.append(
            "model.backbone.dcn_stages lists maps of C3, C4 and C5 by their numbers, such as "
            f"[3, 4, 5]; got {list(stages)}."
        )
    allowed = (0, multiple - 1) if one_less else (0,)
    if any(side % multiple not in allowed for side in config.data.input_size):
        or_less = ", or one less," if one_less else ""
        faults.append(
            f"data.input_size must be multiples of {multiple}{or_less} for the backbone '{name}'; "
            f"got {list(config.data.input_size)}."
        )
    if config.evaluation.resolution == "keep" and config.evaluation.pad_multiple % multiple:
        faults.append(
            f"evaluation.pad_multiple must be a multiple of {multiple} for the backbone '{name}'; "
            f"got {config.evaluation.pad_multiple}."
        )
    return faults


def _unread_settings(config: BackboneConfig) -> list:
    """The settings that are given, but not for this backbone."""
    for family in FAMILIES:
        if re.fullmatch(family.pattern, config.name):
            return [
                name for name in _OPTIONAL if getattr(config, name) and name not in family.reads
            ]
    return []


def backbone_names(pyramid=None):
    """All names that there are; those of `build_pyramid` alone, or of `build_backbone` alone."""
    return [
        name
        for family in FAMILIES
        if pyramid is None or family.pyramid == pyramid
        for name in family.names
    ]


def _family(name, pyramid):
    """Returns the family of a name, and the match of its pattern."""
    for family in FAMILIES:
        match = re.fullmatch(family.pattern, name)
        if match and family.pyramid == pyramid:
            return family, match
        if match:
            kind = "one map at stride 4" if pyramid else "a pyramid of maps"
            raise UserError(
                f"The backbone '{name}' gives {kind}, which this detector cannot use; choose one "
                f"of {', '.join(backbone_names(pyramid))}."
            )
    names = backbone_names(pyramid)
    raise UserError(
        f"There is no backbone '{name}'.{nearest(name, names)} "
        f"The backbones are: {', '.join(names)}."
    )
