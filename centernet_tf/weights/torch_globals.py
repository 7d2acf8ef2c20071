"""What the pickle of a PyTorch file may ask for by name, and what stands for it here.

Tensors and ordered dicts are built. Names of packages that leave notes in checkpoints (loggers,
schedulers, arguments of the program) become `Inert`: nothing is imported, nothing called, the
object is empty. Everything else is refused by name, as no file of weights has a use for it.
"""

import dataclasses

from centernet_tf.errors import UserError
from centernet_tf.weights.pickle_machine import Builder, Inert, checked_key
from centernet_tf.weights.stored_tensor import ELEMENTS, Storage, StoredTensor

_STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
    "UntypedStorage": None,
}
# fmt: off
_NOTE_TAKERS = frozenset((
    "torch", "torchvision", "numpy", "mmengine", "mmcv", "mmdet", "collections", "datetime",
    "pathlib", "argparse",
))
_PLAIN_TYPES = frozenset((
    "set", "frozenset", "slice", "complex", "range", "object", "bytearray", "list", "dict",
    "tuple", "int", "float", "str", "bool", "bytes", "type", "long", "unicode",
))
# fmt: on
# How pickles of protocol 2 write objects, bytes and sets.
_NOTES = frozenset(
    (
        ("copy_reg", "_reconstructor"),
        ("copyreg", "_reconstructor"),
        ("_codecs", "encode"),
        *(("builtins", name) for name in _PLAIN_TYPES),
        *(("__builtin__", name) for name in _PLAIN_TYPES),
    )
)


@dataclasses.dataclass(frozen=True)
class StorageType:
    """The class of a storage; `element` is None for bytes without a type."""

    element: str


def look_up(module: str, name: str):
    """Returns what stands for `module.name`; see `read_pickle`.

    Raises:
      UserError: the name is refused.
    """
    if (module, name) in _BUILDERS:
        return Builder(_BUILDERS[module, name])
    root = module.partition(".")[0]
    if root == "torch" and name in _STORAGES:
        return StorageType(_STORAGES[name])
    if module == "torch" and name in ELEMENTS:
        return name
    if root in _NOTE_TAKERS or (module, name) in _NOTES:
        return Inert(f"{module}.{name}")
    raise UserError(
        f"it asks for {f'{module}.{name}'!r:.120}, for which weights have no use; nothing of the "
        "file was run. Of a whole model, save the state_dict() and read that"
    )


def _tensor(storage, first, shape, strides, *_):
    if not isinstance(storage, Storage):
        raise ValueError("a tensor without a storage")
    return StoredTensor(storage, first, shape, strides)


def _tensor_of_type(storage, first, shape, strides, _grad, _hooks, element, *_):
    if not isinstance(storage, Storage):
        raise ValueError("a tensor without a storage")
    if isinstance(element, Inert):
        return element
    return StoredTensor(storage, first, shape, strides, element)


def _parameter(tensor, *_):
    return tensor


def _ordered_dict(pairs=()):
    return {checked_key(key): value for key, value in pairs}


def _default_dict(*_):
    return {}


def _size(sides=()):
    if not isinstance(sides, (tuple, list)):
        raise ValueError("a size that is no list of sides")
    return tuple(sides)


_BUILDERS = {
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_tensor_v3"): _tensor_of_type,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    ("torch", "Size"): _size,
    ("collections", "OrderedDict"): _ordered_dict,
    ("collections", "defaultdict"): _default_dict,
}
