"""Faults in the settings that FCOS and CenterNet-Update have in common."""

from centernet_tf.backbones import PYRAMID_STRIDES, backbone_faults, backbone_names
from centernet_tf.errors import nearest


def tower_faults(options) -> list:
    """Returns a sentence for every fault of `tower_depth`, `tower_channels` and `norm_groups`."""
    checks = (
        (
            options.tower_depth < 1,
            f"model.options.tower_depth must be at least 1; got {options.tower_depth}.",
        ),
        (
            min(options.norm_groups, options.tower_channels) < 1
            or options.tower_channels % options.norm_groups != 0,
            f"model.options.tower_channels ({options.tower_channels}) must be a multiple of "
            f"model.options.norm_groups ({options.norm_groups}).",
        ),
    )
    return [sentence for wrong, sentence in checks if wrong]


def suppression_faults(options) -> list:
    """Returns a sentence for every fault of thresholds and limits of the decoder."""
    faults = []
    for name in ("score_threshold", "nms_threshold"):
        value = getattr(options, name)
        if not 0.0 <= value < 1.0:
            faults.append(f"model.options.{name} must be 0 or more and below 1; got {value}.")
    for name in ("level_limit", "max_detections"):
        value = getattr(options, name)
        if value < 1:
            faults.append(f"model.options.{name} must be at least 1; got {value}.")
    return faults


def pyramid_faults(config) -> list:
    """Returns a sentence for every setting that a detector on a feature pyramid cannot have."""
    name, names = config.model.backbone.name, backbone_names(pyramid=True)
    if name not in names:
        return [
            f"model.detector {config.model.detector} needs a feature pyramid, "
            f"model.backbone.name one of {', '.join(names)}; got '{name}'.{nearest(name, names)}"
        ]
    return backbone_faults(config) + flip_faults(config, PYRAMID_STRIDES[-1])


def flip_faults(config, stride) -> list:
    """Returns a sentence where mirrored maps of the coarsest level would not lie on each other."""
    evaluation, width = config.evaluation, config.data.input_size[-1]
    keep = evaluation.resolution == "keep"
    name, value = (
        ("evaluation.pad_multiple", evaluation.pad_multiple)
        if keep
        else ("the width in data.input_size", width)
    )
    if not evaluation.flip or value % stride == 0:
        return []
    return [
        f"evaluation.flip merges maps down to stride {stride}, so {name} must be a multiple of "
        f"{stride}; got {value}."
    ]
