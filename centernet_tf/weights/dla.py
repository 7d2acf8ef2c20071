"""DLA-34 of xingyizhou/CenterNet, and the ImageNet classifier it starts from."""

from centernet_tf.weights.resnet_trunk import BGR_TO_RGB
from centernet_tf.weights.rules import Rule, Unused

UNUSED = (
    Unused(r"(?:base\.)?fc\..*", "the classifier of ImageNet"),
    Unused(
        r"(?:base\.)?level[34]\.project\..*", "computed by the original, which ignores the result"
    ),
)


def trunk_rules(prefix=r"base\.", flip_stem=False):
    """Rules of the six levels.

    Args:
      prefix: regular expression in front of every module; '' for the classifier.
      flip_stem: the weights were trained on RGB and the network here gets BGR, or the other way.
    """
    flipped = BGR_TO_RGB if flip_stem else None
    yield Rule(prefix + r"base_layer\.0", ("base_conv",), inputs=flipped)
    yield Rule(prefix + r"base_layer\.1", ("base_norm",))
    yield from _norm(prefix + r"level([01])\.", "0", "1", r"level\1")
    yield from _tree(prefix + r"level(\d)\.", r"level\1", 1)
    # Levels 3 and 4 are trees of trees.
    yield from _tree(prefix + r"level(\d)\.tree(\d)\.", r"level\1_tree\2", 2)


def neck_rules():
    """Rules of the up-sampling, deformable or plain."""
    for theirs, ours, groups in ((r"dla_up\.ida_(\d)\.", r"dlaup\1", 1), (r"ida_up\.", "idaup", 0)):
        part = rf"{ours}_\{groups + 1}\{groups + 2}"
        unit = theirs + r"(proj|node)_(\d)\."
        yield Rule(unit + r"conv", (f"{part}_dcn",))
        yield Rule(unit + r"actf\.0", (f"{part}_norm",))
        yield from _norm(unit, "0", "1", part)
        yield Rule(theirs + r"up_(\d)", (rf"{ours}_up\{groups + 1}",))


def _tree(theirs, ours, groups):
    part = rf"{ours}_tree\{groups + 1}_\{groups + 2}"
    yield Rule(theirs + r"tree(\d)\.conv(\d)", (f"{part}_conv",))
    yield Rule(theirs + r"tree(\d)\.bn(\d)", (f"{part}_norm",))
    yield from _norm(theirs + r"root\.", "conv", "bn", f"{ours}_root")
    yield from _norm(theirs + r"project\.", "0", "1", f"{ours}_project")


def _norm(theirs, convolution, norm, ours):
    yield Rule(theirs + convolution, (f"{ours}_conv",))
    yield Rule(theirs + norm, (f"{ours}_norm",))
