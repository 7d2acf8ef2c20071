"""Hourglasses, whose levels xingyizhou/CenterNet and mmdet name alike and the rest differently."""

from centernet_tf.weights.rules import Rule

_LEVELS = 5


def original_hourglass(stacks=2):
    """Rules of the large hourglass of xingyizhou/CenterNet."""
    skip = r"skip"
    yield from _norm(r"pre\.0\.", "conv", "bn", "pre0")
    yield from _residual(r"pre\.1\.", skip, "pre1")
    for stack in range(stacks):
        yield from _levels(rf"kps\.{stack}\.", skip, f"hourglass{stack}_")
        yield from _norm(rf"cnvs\.{stack}\.", "conv", "bn", f"feature{stack}")
        yield from _norm(rf"inters_\.{stack}\.", "0", "1", f"merge{stack}_inter")
        yield from _norm(rf"cnvs_\.{stack}\.", "0", "1", f"merge{stack}_feature")
        yield from _residual(rf"inters\.{stack}\.", skip, f"merge{stack}_block")


def mmdet_hourglass(stacks=2):
    """Rules of mmdet's HourglassNet."""
    root, skip = r"backbone\.", "downsample"
    yield from _norm(root + r"stem\.0\.", "conv", "bn", "pre0")
    yield from _residual(root + r"stem\.1\.0\.", skip, "pre1")
    for stack in range(stacks):
        yield from _levels(rf"{root}hourglass_modules\.{stack}\.", skip, f"hourglass{stack}_")
        yield from _norm(rf"{root}out_convs\.{stack}\.", "conv", "bn", f"feature{stack}")
        yield from _norm(rf"{root}conv1x1s\.{stack}\.", "conv", "bn", f"merge{stack}_inter")
        yield from _norm(rf"{root}remap_convs\.{stack}\.", "conv", "bn", f"merge{stack}_feature")
        yield from _residual(rf"{root}inters\.{stack}\.", skip, f"merge{stack}_block")


def _levels(theirs, skip, ours):
    """A level holds the next as low2; low2 of the last is a row of blocks like the others."""
    for depth in range(_LEVELS):
        inner, name = theirs + r"low2\." * depth, ours + "low2_" * depth
        yield from _residual(inner + r"(up1|low\d)\.(\d+)\.", skip, name + r"\1_\2", 2)


def _residual(theirs, skip, ours, groups=0):
    part = rf"\{groups + 1}"
    yield Rule(theirs + r"conv(\d)", (f"{ours}_{part}_conv",))
    yield Rule(theirs + r"bn(\d)", (f"{ours}_{part}_norm",))
    yield from _norm(theirs + skip + r"\.", "0", "1", f"{ours}_shortcut")


def _norm(theirs, convolution, norm, ours):
    yield Rule(theirs + convolution, (f"{ours}_conv",))
    yield Rule(theirs + norm, (f"{ours}_norm",))
