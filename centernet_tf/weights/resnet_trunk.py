"""ResNet's own weights, named alike by torchvision, xingyizhou/CenterNet and mmdet."""

from centernet_tf.weights.rules import Rule

BGR_TO_RGB = (2, 1, 0)


def resnet_rules(prefix="", flip_stem=False):
    """Rules of `conv1` to `layer4`.

    Args:
      prefix: regular expression in front of every module, such as r'backbone\\.'.
      flip_stem: the weights were trained on RGB and the network here gets BGR, or the other way.
    """
    block = prefix + r"layer(\d)\.(\d+)\."
    unit = r"stage\1_block\2_"
    return (
        Rule(prefix + "conv1", ("stem_conv",), inputs=BGR_TO_RGB if flip_stem else None),
        Rule(prefix + "bn1", ("stem_norm",)),
        Rule(block + r"conv(\d)", (unit + r"\3_conv", unit + r"\3_dcn")),
        Rule(block + r"bn(\d)", (unit + r"\3_norm",)),
        Rule(block + r"downsample\.0", (unit + "shortcut_conv",)),
        Rule(block + r"downsample\.1", (unit + "shortcut_norm",)),
    )
