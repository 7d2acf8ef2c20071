"""The heads of mmdet's CornerNet."""

from centernet_tf.weights.rules import XY_TO_YX, Rule

_POOL = {
    "direction1_conv": "branch1",
    "direction2_conv": "branch2",
    "aftpool_conv": "merge",
    "conv1": "skip",
    "conv2": "out",
}
_HEADS = (("heat", "heatmap", None), ("emb", "tag", None), ("off", "offset", XY_TO_YX))


def corner_rules(prefixes):
    """Rules of the pooling modules and heads of every stack.

    Args:
      prefixes: of our layers, one a stack (`detectors.stacks.stack_prefixes`).
    """
    for stack, prefix in enumerate(prefixes):
        for corner in ("tl", "br"):
            yield from _pool(rf"bbox_head\.{corner}_pool\.{stack}\.", f"{prefix}{corner}_pool")
            for theirs, kind, order in _HEADS:
                head, ours = rf"bbox_head\.{corner}_{theirs}\.{stack}\.", f"{prefix}{corner}_{kind}"
                yield Rule(head + r"0\.conv", (f"{ours}_hidden",))
                yield Rule(head + r"1\.conv", (f"{ours}_final",), outputs=order)


def _pool(theirs, ours):
    for module, name in _POOL.items():
        yield Rule(theirs + module + r"\.conv", (f"{ours}_{name}_conv",))
        yield Rule(theirs + module + r"\.bn", (f"{ours}_{name}_norm",))
