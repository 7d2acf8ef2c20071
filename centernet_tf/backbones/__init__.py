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

N is 18, 34, 50, 101 or 152. A new family is a file in this folder and an entry in `_FAMILIES`.
"""

import dataclasses
import re
from typing import Callable, Tuple

from centernet_tf.count_of import count_of
from centernet_tf.errors import UserError, nearest
from centernet_tf.settings import BackboneConfig

STRIDE = 4
PYRAMID_STRIDES = (8, 16, 32, 64, 128)
_MOBILENETS = ("mobilenetv2", "mobilenetv3_small", "mobilenetv3_large")
_DEPTHS = (18, 34, 50, 101, 152)
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
    for family in _FAMILIES:
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
    for family in _FAMILIES:
        if re.fullmatch(family.pattern, config.name):
            return [
                name for name in _OPTIONAL if getattr(config, name) and name not in family.reads
            ]
    return []


def backbone_names(pyramid=None):
    """All names that there are; those of `build_pyramid` alone, or of `build_backbone` alone."""
    return [
        name
        for family in _FAMILIES
        if pyramid is None or family.pyramid == pyramid
        for name in family.names
    ]


def scaled(channels, multiplier):
    """Channel counts times the multiplier, at least 1."""
    return tuple(max(1, round(count * multiplier)) for count in channels)


def trunk_channels(config: BackboneConfig, published):
    """Widths of the trunk: those the settings give, else the published ones times the multiplier.

    Raises:
      UserError: the settings give another number of widths.
    """
    return _channels(config, "trunk_channels", published)


def neck_channels(config: BackboneConfig, published):
    """The same for the neck."""
    return _channels(config, "neck_channels", published)


def _channels(config, setting, published):
    given = tuple(getattr(config, setting))
    if given and len(given) != len(published):
        raise UserError(
            f"model.backbone.{setting} of '{config.name}' must have "
            f"{count_of(len(published), 'value')}, as the published {list(published)}; got "
            f"{list(given)}."
        )
    return given or scaled(published, config.width_multiplier)


@dataclasses.dataclass(frozen=True)
class _Family:
    """Backbones whose names fit `pattern`; `build(config, images, *groups)` returns maps.

    Of the optional settings they have those of `reads`.
    """

    pattern: str
    names: Tuple[str, ...]
    build: Callable
    reads: Tuple[str, ...]
    pyramid: bool = False
    multiple: int = 32


def _family(name, pyramid):
    """Returns the family of a name, and the match of its pattern."""
    for family in _FAMILIES:
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


def _resnet_family(form, build, **details):
    """The family of a form such as 'res_{}' over all depths."""
    names = tuple(form.format(depth) for depth in _DEPTHS)
    pattern = form.format("(" + "|".join(str(depth) for depth in _DEPTHS) + ")")
    reads = ("trunk_channels", "neck_channels", "dcn_stages")
    return _Family(pattern, names, build, reads, **details)


def _stages(config, images, depth, caffe=False):
    from centernet_tf.backbones.resnet import resnet

    (base_channels,) = trunk_channels(config, (64,))
    return resnet(images, int(depth), base_channels, caffe, tuple(config.dcn_stages))


def _res(config, images, depth):
    from centernet_tf.backbones.deconv_neck import CHANNELS, deconv_neck

    stages = _stages(config, images, depth)
    return [deconv_neck(stages[-1], neck_channels(config, CHANNELS))]


def _conv_deconv(deformable, use_bias):
    def build(config, images, depth):
        from centernet_tf.backbones.conv_deconv_neck import CHANNELS, conv_deconv_neck

        stages = _stages(config, images, depth)
        channels = neck_channels(config, CHANNELS)
        return [conv_deconv_neck(stages[-1], deformable, use_bias, channels)]

    return build


def _lateral(deformable):
    def build(config, images, depth):
        from centernet_tf.backbones.lateral_neck import CHANNELS, lateral_neck

        stages = _stages(config, images, depth)
        return [lateral_neck(stages, deformable, neck_channels(config, CHANNELS))]

    return build


def _dla(deformable):
    def build(config, images):
        from centernet_tf.backbones.dla import CHANNELS, dla34
        from centernet_tf.backbones.dla_up import dla_up_deformable, dla_up_plain

        levels = dla34(images, trunk_channels(config, CHANNELS))
        return [(dla_up_deformable if deformable else dla_up_plain)(levels[2:])]

    return build


def _hourglass(config, images, depth):
    from centernet_tf.backbones.hourglass import BLOCKS, CHANNELS, hourglass

    channels = trunk_channels(config, CHANNELS)
    (out_channels,) = neck_channels(config, CHANNELS[:1])
    blocks = tuple(config.level_blocks) or BLOCKS
    if len(blocks) != len(BLOCKS) or min(blocks) < 1:
        raise UserError(
            f"model.backbone.level_blocks of '{config.name}' must have {len(BLOCKS)} positive "
            f"values, as the published {list(BLOCKS)}; got {list(blocks)}."
        )
    return hourglass(images, int(depth) // 52, channels, blocks, out_channels)


def _mobilenet(config, images, name):
    from centernet_tf.backbones.mobilenet import mobilenet
    from centernet_tf.backbones.separable_neck import CHANNELS, separable_neck

    stages = mobilenet(images, name, config.width_multiplier)
    return [separable_neck(stages, neck_channels(config, CHANNELS))]


def _caffe_stages(config, images, depth):
    return _stages(config, images, depth, caffe=True)


_FAMILIES = (
    _resnet_family("res_{}", _res),
    _resnet_family("resdcn_{}", _conv_deconv(deformable=True, use_bias=True)),
    _resnet_family("mmdet_resnet{}", _conv_deconv(deformable=False, use_bias=False)),
    _resnet_family("mmdet_resnet{}_dcn", _conv_deconv(deformable=True, use_bias=False)),
    _resnet_family("lateral_resnet{}", _lateral(deformable=False)),
    _resnet_family("lateral_resnet{}_dcn", _lateral(deformable=True)),
    _Family("dla_34", ("dla_34",), _dla(deformable=True), ("trunk_channels",)),
    _Family("dlav0_34", ("dlav0_34",), _dla(deformable=False), ("trunk_channels",)),
    _Family(
        "hourglass_(52|104)",
        ("hourglass_52", "hourglass_104"),
        _hourglass,
        ("trunk_channels", "neck_channels", "level_blocks"),
        multiple=128,
    ),
    _Family("(" + "|".join(_MOBILENETS) + ")", _MOBILENETS, _mobilenet, ("neck_channels",)),
    _resnet_family("fpn_resnet{}", _stages, pyramid=True),
    _resnet_family("fpn_resnet{}_caffe", _caffe_stages, pyramid=True),
)
