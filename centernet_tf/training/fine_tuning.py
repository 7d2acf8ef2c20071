"""Starting from the weights of another run."""

import fnmatch
import os

import tensorflow as tf

from centernet_tf.count_of import count_of
from centernet_tf.errors import UserError, nearest
from centernet_tf.training.checkpoint_weights import Match, assign_by_name, name_of, read_weights
from centernet_tf.training.model_dir import newest_checkpoint

_NAMED = 3
_KINDS = {"ema": "averaged weights", "trained": "trained weights"}


def init_from_checkpoint(network, path: str, allow_missing) -> str:
    """Gives the variables of a network the values that a checkpoint has under their names.

    Averaged weights are taken where the checkpoint has them. Of what does not fit, a variable
    keeps its random start if a pattern names it, and else is an error.

    Args:
      network: `keras.Model`.
      path: model directory, of which the newest checkpoint is taken, or path of a checkpoint
        without its suffix.
      allow_missing: patterns of variable names such as 'heatmap*'.

    Returns:
      a table: how many variables matched, were missing, had another shape or were not used, with
      the first names of each.

    Raises:
      UserError: the checkpoint cannot be read, lacks a variable that no pattern names, or a pattern
        names no variable of the network.
    """
    _check_patterns(network, allow_missing)
    prefix = newest_checkpoint(path) if os.path.isdir(path) else path.removesuffix(".index")
    try:
        weights = read_weights(prefix)
    except (ValueError, tf.errors.OpError) as error:
        raise UserError(
            f"Cannot read train.init_checkpoint={path}: {str(error).splitlines()[0]}. Give the "
            "model directory of a run, or the path of a checkpoint such as "
            "runs/bccd/checkpoints/ckpt-9."
        ) from error
    match = assign_by_name(network, weights.values)
    lost = match.missing + [name for name, _, _ in match.mismatched]
    lost = [name for name in lost if not _named_by(name, allow_missing)]
    told = _table(match, f"{prefix} ({_KINDS[weights.kind]}, step {weights.step})")
    if lost:
        raise UserError(
            f"{told}\n{count_of(len(lost), 'variable')} would keep a random start "
            f"({_first(lost)}). If that is meant, add to train.init_allow_missing: "
            f"[{', '.join(_patterns(lost))}]."
        )
    return told


def _table(match: Match, source: str) -> str:
    shapes = [
        f"{name} {_shape(theirs)} for {_shape(ours)}" for name, theirs, ours in match.mismatched
    ]
    rows = (
        ("matched", match.matched),
        ("missing", match.missing),
        ("other shape", shapes),
        ("unused", match.unused),
    )
    lines = [f"{kind:<12}{len(names):>5}  {_first(names)}".rstrip() for kind, names in rows]
    return "\n".join([f"Variables from {source}:", *lines])


def _first(names) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")


def _shape(shape) -> str:
    return "x".join(str(side) for side in shape) or "scalar"


def _named_by(name, patterns) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _patterns(names) -> list:
    """Returns the shortest list of patterns by the first word of the layers' names."""
    words = dict.fromkeys(name.split("/")[0].split("_")[0] for name in names)
    return [f'"{word}*"' for word in words]


def _check_patterns(network, patterns) -> None:
    names = [name_of(variable) for variable in network.variables]
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(name, pattern) for name in names):
            words = {name.split("_")[0] for name in names}
            raise UserError(
                f"train.init_allow_missing: no variable is called '{pattern}'."
                f"{nearest(pattern.rstrip('*'), sorted(words))} Patterns match names such as "
                f"{_first(names)}."
            )
