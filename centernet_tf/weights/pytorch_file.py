"""Opens a PyTorch file (.pth, .pt, .pkl) without PyTorch, and finds the weights in it."""

import dataclasses
import mmap
import re
from typing import Dict, Tuple

from centernet_tf.errors import UserError
from centernet_tf.quote import listed
from centernet_tf.weights.pickle_machine import Inert
from centernet_tf.weights.pytorch_legacy import read_legacy
from centernet_tf.weights.pytorch_zip import FIRST_BYTES, read_zip
from centernet_tf.weights.stored_tensor import StoredTensor

# Where programs put the weights beside other things.
_PLACES = ("state_dict", "model_state_dict", "model")


@dataclasses.dataclass(frozen=True)
class PytorchFile:
    """The weights in a file, read when they are asked for.

    Attributes:
      path: of the file.
      tensors: by name; a `module.` in front, which nn.DataParallel leaves, is gone.
      class_names: of the data set, where mmdet wrote them, else empty.
      configuration: the text of mmdet's, where it was written, else ''.
    """

    path: str
    tensors: Dict[str, StoredTensor]
    class_names: Tuple[str, ...] = ()
    configuration: str = ""


def open_pytorch_file(path: str) -> PytorchFile:
    """Opens a checkpoint written by `torch.save`, in the format before or since PyTorch 1.6.

    The file may come from a stranger: nothing that it names is imported or called.

    Raises:
      UserError: the file cannot be read, is damaged, is no checkpoint, holds no weights, or asks
        for anything but tensors and plain containers.
    """
    try:
        with open(path, "rb") as stream:
            # Tensors are views of the mapped file, which stays while one of them is in use.
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is empty"
        raise UserError(f"Cannot read the checkpoint {path}: {reason}.") from error
    data = memoryview(mapped)
    try:
        is_zip = data[:4] == FIRST_BYTES
        content = read_zip(data) if is_zip else read_legacy(data, mapped)
        tensors = _without_module(_state_dict(content))
    except UserError as error:
        raise UserError(f"Cannot read the checkpoint {path}: {error}.") from error
    return PytorchFile(path, tensors, *_notes(content))


def _state_dict(content):
    """Finds the mapping of names to tensors."""
    if isinstance(content, Inert):
        raise UserError(
            f"it holds an object of {content.name}, not weights; save the state_dict() of the model"
        )
    if not isinstance(content, dict):
        raise UserError(f"it holds a {type(content).__name__}, not a mapping of names to tensors")
    found = next((content[place] for place in _PLACES if place in content), content)
    if isinstance(found, Inert):
        raise UserError(
            f"its weights are an object of {found.name}; save the state_dict() of the model"
        )
    if not isinstance(found, dict):
        raise UserError(f"its weights are a {type(found).__name__}, not a mapping")
    tensors = {}
    for name, value in found.items():
        if isinstance(value, Inert):
            raise UserError(f"the weight {name!r:.80} is made by {value.name}, which is not known")
        if isinstance(name, str) and isinstance(value, StoredTensor):
            tensors[name] = value
    if not tensors:
        keys = listed([key for key in found if isinstance(key, str)], 8) or "none"
        raise UserError(f"it holds no weights; its keys are {keys}. Save the model's state_dict()")
    return tensors


def _without_module(tensors):
    """Takes `module.` off every name, as often as it is there: averages of a parallel model have it
    twice, and counters beside them not at all."""
    bare = {re.sub(r"^(?:module\.)+", "", name): tensor for name, tensor in tensors.items()}
    if len(bare) < len(tensors):
        raise UserError("it has weights with and without 'module.' before the same name")
    return bare


def _notes(content):
    """The classes and the configuration that mmdet 3 (`dataset_meta`, `cfg`) or mmdet 2 (`CLASSES`,
    `config`) leaves beside the weights."""
    meta = content.get("meta") if isinstance(content, dict) else None
    meta = meta if isinstance(meta, dict) else {}
    data_set = meta.get("dataset_meta")
    data_set = data_set if isinstance(data_set, dict) else meta
    names = next((data_set[key] for key in ("classes", "CLASSES") if key in data_set), ())
    is_list = isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names)
    text = next((meta[key] for key in ("cfg", "config") if isinstance(meta.get(key), str)), "")
    return tuple(names) if is_list else (), text
