"""Published weights into a network of ours: matched by rules, checked, carried over."""

import re

from centernet_tf.count_of import count_of
from centernet_tf.errors import UserError
from centernet_tf.quote import listed
from centernet_tf.weights import mmdet, xingyizhou
from centernet_tf.weights.advice import advice
from centernet_tf.weights.matching import Matching, match_weights
from centernet_tf.weights.pytorch_file import PytorchFile

SOURCES = {"xingyizhou": xingyizhou, "mmdet": mmdet}


def import_weights(
    network, file: PytorchFile, source: str, backbone_name: str, allow_unused=False
) -> Matching:
    """Gives a network the weights of a file, every one of its variables.

    Args:
      network: what a detector's `build` returned.
      file: the checkpoint.
      source: a key of `SOURCES`.
      backbone_name: model.backbone.name, for advice.
      allow_unused: whether the file may have weights that the network has no place for.

    Returns:
      what went where, and what was left over.

    Raises:
      UserError: a variable has no weight in the file or one of another shape, or the file has
        weights that nothing explains; or values of the file are no weights.
    """
    module = SOURCES[source]
    matching = match_weights(network, file.tensors, module.rules(network), module.UNUSED)
    check_complete(matching, file, source, backbone_name)
    if not allow_unused:
        _check_explained(matching, file, source, backbone_name)
    assign(matching, file)
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
        f"have; its weights are {listed(file.tensors)}. Check --source and --checkpoint: "
        f"{SOURCES[source].READABLE} can be read."
    )


def check_complete(matching: Matching, file: PytorchFile, source: str, backbone_name: str) -> None:
    """Raises a `UserError` that names the variables without a weight of their shape, if any."""
    if matching.mismatched:
        shapes = [
            f"{listed([key])} is {list(theirs)}, here {list(ours)}"
            for key, theirs, ours in matching.mismatched
        ]
        more = f" and {len(shapes) - 6} more" if len(shapes) > 6 else ""
        raise UserError(
            f"{count_of(len(shapes), 'weight')} of the checkpoint {file.path} "
            f"{'has' if len(shapes) == 1 else 'have'} another shape than in the configured "
            f"network: {', '.join(shapes[:6])}{more}.{advice(file.tensors, backbone_name, True)}"
        )
    if matching.missing:
        raise UserError(
            f"The checkpoint {file.path}, read as one of {source}, has nothing for "
            f"{count_of(len(matching.missing), 'variable')} of the configured network: "
            f"{listed(matching.missing)}.{advice(file.tensors, backbone_name)}"
        )


def assign(matching: Matching, file: PytorchFile) -> None:
    """Writes the weights into the variables; a `UserError` for values that are none."""
    try:
        matching.assign()
    except UserError as error:
        raise UserError(f"Cannot use the checkpoint {file.path}: {error}.") from error


def _check_explained(matching, file, source, backbone_name):
    """The network without these weights would be another than the one that was trained."""
    keys = [key for key, reason in matching.unused.items() if not reason]
    if keys:
        raise UserError(
            f"The checkpoint {file.path}, read as one of {source}, has "
            f"{count_of(len(keys), 'weight')} that the configured network has no place for: "
            f"{listed(keys)}.{advice(file.tensors, backbone_name)} Set model.backbone and "
            "model.options to the network it was trained as; or, if it shall do without them, give "
            "--allow_unused."
        )
