"""The families of backbones: which names they have, and which files build them."""

import dataclasses
from typing import Callable, Tuple

from centernet_tf.backbones.widths import neck_channels, trunk_channels
from centernet_tf.errors import UserError

_MOBILENETS = ("mobilenetv2", "mobilenetv3_small", "mobilenetv3_large")
_DEPTHS = (18, 34, 50, 101, 152)


@dataclasses.dataclass(frozen=True)
class Family:
    """Backbones whose names fit `pattern`; `build(config, images, *groups)` returns maps.

    Of the optional settings they have those of `reads`.
    """

    pattern: str
    names: Tuple[str, ...]
    build: Callable
    reads: Tuple[str, ...]
    pyramid: bool = False
    multiple: int = 32


def _resnet_family(form, build, **details):
    """The family of a form such as 'res_{}' over all depths."""
    names = tuple(form.format(depth) for depth in _DEPTHS)
    pattern = form.format("(" + "|".join(str(depth) for depth in _DEPTHS) + ")")
    reads = ("trunk_channels", "neck_channels", "dcn_stages")
    return Family(pattern, names, build, reads, **details)


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


FAMILIES = (
    _resnet_family("res_{}", _res),
    _resnet_family("resdcn_{}", _conv_deconv(deformable=True, use_bias=True)),
    _resnet_family("mmdet_resnet{}", _conv_deconv(deformable=False, use_bias=False)),
    _resnet_family("mmdet_resnet{}_dcn", _conv_deconv(deformable=True, use_bias=False)),
    _resnet_family("lateral_resnet{}", _lateral(deformable=False)),
    _resnet_family("lateral_resnet{}_dcn", _lateral(deformable=True)),
    Family("dla_34", ("dla_34",), _dla(deformable=True), ("trunk_channels",)),
    Family("dlav0_34", ("dlav0_34",), _dla(deformable=False), ("trunk_channels",)),
    Family(
        "hourglass_(52|104)",
        ("hourglass_52", "hourglass_104"),
        _hourglass,
        ("trunk_channels", "neck_channels", "level_blocks"),
        multiple=128,
    ),
    Family("(" + "|".join(_MOBILENETS) + ")", _MOBILENETS, _mobilenet, ("neck_channels",)),
    _resnet_family("fpn_resnet{}", _stages, pyramid=True),
    _resnet_family("fpn_resnet{}_caffe", _caffe_stages, pyramid=True),
)
