"""Writes PyTorch files without PyTorch: both formats, with anything that a pickle can name."""

import collections
import io
import pickle
import struct
import zipfile

import numpy as np

STORAGE_CLASSES = {
    "f8": "DoubleStorage",
    "f4": "FloatStorage",
    "f2": "HalfStorage",
    "bf16": "BFloat16Storage",
    "i8": "LongStorage",
    "i4": "IntStorage",
    "i2": "ShortStorage",
    "i1": "CharStorage",
    "u1": "ByteStorage",
    "b1": "BoolStorage",
    "c8": "ComplexFloatStorage",
}


class Named:
    """A global as a pickle names it; it need not exist."""

    def __init__(self, module, name):
        self.module, self.name = module, name

    def __call__(self):
        raise AssertionError("only written, never called")


class Call:
    """A call that reading the pickle would make."""

    def __init__(self, function, *arguments, state=None):
        self.function, self.arguments, self.state = function, arguments, state

    def __call__(self):
        raise AssertionError("only written, never called")


class Stored:
    """A storage; several tensors may share it."""

    def __init__(self, values, kind=None, claimed=None):
        self.values = np.ascontiguousarray(values).ravel()
        self.kind = kind or self.values.dtype.str[1:]
        self.claimed = self.values.size if claimed is None else claimed
        # Old format: (key, first element, length) where the storage is part of the values.
        self.view = None


def tensor(values, first=0, shape=None, strides=None, kind=None):
    """A tensor as `torch._utils._rebuild_tensor_v2` gets it; contiguous unless told otherwise."""
    storage = values if isinstance(values, Stored) else Stored(values, kind)
    shape = np.shape(values) if shape is None else shape
    if strides is None:
        strides = tuple(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))
    rebuild = Named("torch._utils", "_rebuild_tensor_v2")
    return Call(rebuild, storage, first, shape, strides, False, Call(ORDERED_DICT))


ORDERED_DICT = Named("collections", "OrderedDict")


def ordered(mapping):
    """The mapping as PyTorch writes state dicts."""
    return collections.OrderedDict(mapping)


class _Writer(pickle._Pickler):
    """Python's own pickler, which checks that globals exist, without that check."""

    def __init__(self, stream, legacy, protocol=2):
        super().__init__(stream, protocol)
        self.legacy, self.storages = legacy, []

    def persistent_id(self, obj):
        if not isinstance(obj, Stored):
            return None
        if obj not in self.storages:
            self.storages.append(obj)
        key = str(self.storages.index(obj))
        kind = Named("torch", STORAGE_CLASSES.get(obj.kind, obj.kind))
        identity = ("storage", kind, key, "cpu", obj.claimed)
        return (*identity, obj.view) if self.legacy else identity

    def reducer_override(self, obj):
        if isinstance(obj, Named):
            return obj.name
        if isinstance(obj, Call):
            return (obj.function, obj.arguments, obj.state)
        return NotImplemented

    def save_global(self, obj, name=None):
        if isinstance(obj, Named):
            self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())
            self.memoize(obj)
        else:
            super().save_global(obj, name)


def pickled(content, legacy=False, protocol=2):
    """Returns (bytes of the pickle, storages in the order of their keys)."""
    stream = io.BytesIO()
    writer = _Writer(stream, legacy, protocol)
    writer.dump(content)
    return stream.getvalue(), writer.storages


def zip_bytes(content, protocol=2, compression=zipfile.ZIP_STORED, extra=(), byte_order=b"little"):
    """A file of the format since PyTorch 1.6."""
    folder = "archive"
    program, storages = pickled(content, protocol=protocol)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        archive.writestr(f"{folder}/data.pkl", program)
        archive.writestr(f"{folder}/byteorder", byte_order)
        for key, storage in enumerate(storages):
            archive.writestr(f"{folder}/data/{key}", storage.values.tobytes())
        for name, data in extra:
            archive.writestr(name, data)
    return stream.getvalue()


def legacy_bytes(content):
    """A file of the format before PyTorch 1.6."""
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
    program, storages = pickled(content, legacy=True)
    parts = [pickle.dumps(item, 2) for item in (0x1950A86A20F9469CFC6C, 1001, system)]
    parts += [program, pickle.dumps([str(key) for key in range(len(storages))], 2)]
    for storage in storages:
        parts += [struct.pack("<q", storage.values.size), storage.values.tobytes()]
    return b"".join(parts)


def write(path, content, legacy=False):
    """Writes a file and returns its path as a string."""
    path.write_bytes(legacy_bytes(content) if legacy else zip_bytes(content))
    return str(path)
