"""What went where when weights were read, as a person reads it at the terminal."""

from centernet_tf.quote import listed
from centernet_tf.weights.matching import Matching

_NAMED = 4


def match_table(matching: Matching, path: str, random=()) -> str:
    """Returns a table of matched, missing, misshapen and unused weights.

    Args:
      matching: what `match_weights` found.
      path: of the file.
      random: names of variables that keep their random start, which is no fault.
    """
    shapes = [f"{key} {list(theirs)} for {list(ours)}" for key, theirs, ours in matching.mismatched]
    missing = [name for name in matching.missing if name not in set(random)]
    rows = [
        ("matched", [pair.key for pair in matching.pairs], ""),
        ("missing", missing, ""),
        ("other shape", shapes, ""),
    ]
    if random:
        rows.append(("random", list(random), "neck and heads start from random values"))
    if matching.folded:
        rows.append(("folded", matching.folded, "biases that went into the next normalisation"))
    if matching.zeros:
        names = [variable.name.split(":")[0] for variable in matching.zeros]
        rows.append(("zero", names, "biases that the file does without"))
    for reason in sorted(set(matching.unused.values()) - {""}):
        keys = [key for key, why in matching.unused.items() if why == reason]
        rows.append(("unused", keys, reason))
    rows.append(("unexplained", [key for key, why in matching.unused.items() if not why], ""))
    lines = [
        f"{kind:<12}{len(names):>5}  {note or listed(names, _NAMED)}" for kind, names, note in rows
    ]
    return "\n".join([f"Weights of {path}:", *(line.rstrip() for line in lines)])
