"""Backbones by name: image to stride-4 feature map.

    res_N                 ResNet and three 256-channel transposed convolutions (original)
    resdcn_N              ResNet with deformable convolutions in the neck (original)
    mmdet_resnetN         ResNet with mmdet's neck, plain 3x3 convolutions
    mmdet_resnetN_dcn     the same, deformable
    lateral_resnetN       ResNet with a neck that also sees the finer stages; to train from scratch
    lateral_resnetN_dcn   the same, deformable

N is 18, 34, 50, 101 or 152. A new family is a file in this folder and an entry in `_FAMILIES`.
"""

import re

from centernet_tf.errors import UserError, nearest
from centernet_tf.settings import BackboneConfig

STRIDE = 4


def build_backbone(config: BackboneConfig, images):
    """Returns the feature map [B, H/4, W/4, C] of normalised images [B, H, W, 3].

    Raises:
      UserError: no backbone of that name.
    """
    for pattern, build in _FAMILIES:
        match = re.fullmatch(pattern, config.name)
        if match:
            return build(images, int(match.group(1)), config.width_multiplier)
    names = backbone_names()
    raise UserError(
        f"There is no backbone '{config.name}'.{nearest(config.name, names)} "
        f"The backbones are: {', '.join(names)}."
    )


def backbone_names():
    """All names that `build_backbone` knows."""
    depths = (18, 34, 50, 101, 152)
    forms = ("res_{}", "resdcn_{}", "mmdet_resnet{}", "mmdet_resnet{}_dcn")
    forms += ("lateral_resnet{}", "lateral_resnet{}_dcn")
    return [form.format(depth) for form in forms for depth in depths]


def scaled(channels, multiplier):
    """Channel counts times the multiplier, at least 1."""
    return tuple(max(1, round(count * multiplier)) for count in channels)


def _res(images, depth, multiplier):
    from centernet_tf.backbones.deconv_neck import CHANNELS, deconv_neck

    stages = _stages(images, depth, multiplier)
    return deconv_neck(stages[-1], scaled(CHANNELS, multiplier))


def _conv_deconv(deformable, use_bias):
    def build(images, depth, multiplier):
        from centernet_tf.backbones.conv_deconv_neck import CHANNELS, conv_deconv_neck

        stages = _stages(images, depth, multiplier)
        return conv_deconv_neck(stages[-1], deformable, use_bias, scaled(CHANNELS, multiplier))

    return build


def _lateral(deformable):
    def build(images, depth, multiplier):
        from centernet_tf.backbones.lateral_neck import CHANNELS, lateral_neck

        stages = _stages(images, depth, multiplier)
        return lateral_neck(stages, deformable, scaled(CHANNELS, multiplier))

    return build


def _stages(images, depth, multiplier):
    from centernet_tf.backbones.resnet import resnet

    (base_channels,) = scaled([64], multiplier)
    return resnet(images, depth, base_channels)


_DEPTH = "(18|34|50|101|152)"
_FAMILIES = (
    (f"res_{_DEPTH}", _res),
    (f"resdcn_{_DEPTH}", _conv_deconv(deformable=True, use_bias=True)),
    (f"mmdet_resnet{_DEPTH}", _conv_deconv(deformable=False, use_bias=False)),
    (f"mmdet_resnet{_DEPTH}_dcn", _conv_deconv(deformable=True, use_bias=False)),
    (f"lateral_resnet{_DEPTH}", _lateral(deformable=False)),
    (f"lateral_resnet{_DEPTH}_dcn", _lateral(deformable=True)),
)
