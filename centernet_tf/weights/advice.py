"""What to change where a checkpoint and the configured network do not fit."""

from centernet_tf.weights.architecture import architecture_of, resnet_depth, resnet_widths

_WIDTHS = (
    "Set model.backbone.width_multiplier, or model.backbone.trunk_channels and neck_channels, and "
    "model.options.head_channels to the widths it was trained with; published weights have "
    "width_multiplier 1.0."
)


def advice(tensors, backbone_name: str, widths_differ: bool = False) -> str:
    """Returns sentences, each after a space, or ''.

    Args:
      tensors: of the file, by name.
      backbone_name: model.backbone.name.
      widths_differ: whether weights of the file have other shapes than the network's.
    """
    names = architecture_of(tensors).split(" or ")
    if names != [""] and backbone_name not in names:
        return f" Its weights are those of model.backbone.name: {' or '.join(names)}."
    depth = resnet_depth(tensors)
    if names == [""] and depth and f"_{depth}" not in backbone_name.replace("resnet", "_"):
        return f" Its weights are those of a ResNet-{depth}; '{backbone_name}' has another trunk."
    if not widths_differ:
        return ""
    widths = [f"{name}={value}" for name, value in resnet_widths(tensors).items()]
    return f" {_WIDTHS}" + (f" The file has {', '.join(widths)}." if widths else "")
