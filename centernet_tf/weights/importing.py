"""Published weights into a network of ours: matched by rules, checked, carried over."""

import re

from centernet_tf.count_of import count_of
from centernet_tf.errors import UserError
from centernet_tf.weights import mmdet, xingyizhou
from centernet_tf.weights.architecture import architecture_of
from centernet_tf.weights.matching import Matching, match_weights
from centernet_tf.weights.pytorch_file import PytorchFile

SOURCES = {"xingyizhou": xingyizhou, "mmdet": mmdet}


def import_weights(network, file: PytorchFile, source: str) -> Matching:
    """Gives a network the weights of a file, every one of its variables.

    Args:
      network: what a detector's `build` returned.
      file: the checkpoint.
      source: a key of `SOURCES`.

    Returns:
      what went where, and what was left over.

    Raises:
      UserError: a variable has no weight in the file, or one of another shape; the network is
        unchanged then.
    """
    module = SOURCES[source]
    matching = match_weights(network, file.tensors, module.rules(network), module.UNUSED)
    check_complete(matching, file, source)
    matching.assign()
    return matching


def class_count(file: PytorchFile, source: str) -> int:
    """The number of classes that the weights tell apart.

    Raises:
      UserError: the file has no layer of the source that would tell.
    """
    pattern = SOURCES[source].CLASS_BIAS
    for key, tensor in file.tensors.items():
        if re.fullmatch(pattern, key) and len(tensor.shape) == 1:
            return tensor.shape[0]
    raise UserError(
        f"The checkpoint {file.path} has no layer that scores classes as networks of {source} "
        f"have; its weights are {_some(list(file.tensors))}. Check --source and --checkpoint."
    )


def check_complete(matching: Matching, file: PytorchFile, source: str) -> None:
    """Raises a `UserError` that names the variables without a weight of their shape, if any."""
    if matching.mismatched:
        listed = [
            f"{key} is {list(theirs)}, here {list(ours)}"
            for key, theirs, ours in matching.mismatched
        ]
        raise UserError(
            f"{count_of(len(listed), 'weight')} of the checkpoint {file.path} "
            f"{'has' if len(listed) == 1 else 'have'} another shape than in the configured "
            f"network: {_some(listed)}.{_advice(file)}"
        )
    if matching.missing:
        raise UserError(
            f"The checkpoint {file.path}, read as one of {source}, has nothing for "
            f"{count_of(len(matching.missing), 'variable')} of the configured network: "
            f"{_some(matching.missing)}.{_advice(file)}"
        )


def _advice(file):
    name = architecture_of(file.tensors)
    return f" Its weights are those of model.backbone.name: {name}." if name else ""


def _some(names):
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + more
