"""The format of PyTorch files before 1.6: four pickles, then the storages one after the other."""

import struct

from centernet_tf.errors import UserError
from centernet_tf.quote import quote
from centernet_tf.weights.pickle_machine import read_pickle
from centernet_tf.weights.stored_tensor import Storage, checked_name, is_count
from centernet_tf.weights.torch_globals import StorageType, look_up

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001


def read_legacy(data, stream):
    """Returns the object in a file of the old format; its tensors are views of `data`.

    Args:
      data: buffer of the whole file.
      stream: the same as a binary file, at its beginning.

    Raises:
      UserError: the file is of another kind, cut short, or asks for what is refused.
    """
    try:
        magic = read_pickle(stream, look_up)
    except UserError as error:
        raise UserError(f"it is no file of torch.save: {error}") from error
    if magic != _MAGIC:
        raise UserError(
            "it is no file of torch.save: its first pickle is not PyTorch's mark, but a "
            f"{type(magic).__name__}"
        )
    if read_pickle(stream, look_up) != _PROTOCOL:
        raise UserError("it is of a version of torch.save that is not known")
    system = read_pickle(stream, look_up)
    order = ">" if isinstance(system, dict) and system.get("little_endian") is False else "<"
    storages, views = {}, []
    content = read_pickle(
        stream, look_up, lambda identity: _storage(identity, storages, views, order)
    )
    keys = read_pickle(stream, look_up)
    keys = list(map(checked_name, keys)) if isinstance(keys, list) else []
    if len(keys) != len(storages) or set(keys) != set(storages):
        raise UserError("its list of storages does not fit its tensors")
    _attach(storages, keys, data, stream.tell(), order)
    for view, storage, first in views:
        view.attach(storage.data[first * storage.item_size :])
    return content


def _storage(identity, storages, views, order):
    kind, storage_type, key, _, length, view = identity
    if kind != "storage" or not isinstance(storage_type, StorageType):
        raise ValueError("a storage of an unknown kind")
    if checked_name(key) not in storages:
        storages[key] = Storage(storage_type.element, length, order)
    storage = storages[key]
    if (storage.element, storage.length) != (storage_type.element, length):
        raise UserError(f"the storage {quote(key)} is described in two ways")
    if view is None:
        return storage
    # Before 0.4 a storage could be a stretch of another.
    _, first, count = view
    part = Storage(storage.element, count, order)
    if not is_count(first):
        raise ValueError("a storage that begins nowhere")
    views.append((part, storage, first))
    return part


def _attach(storages, keys, data, place, order):
    """Gives every storage its bytes: a count of elements, then the elements."""
    for key in keys:
        storage, count = storages[key], data[place : place + 8]
        if len(count) < 8:
            raise UserError("it is cut short")
        (length,) = struct.unpack(order + "q", count)
        if length != storage.length:
            raise UserError(
                f"a storage has {length} elements where its tensors say {storage.length}"
            )
        end = place + 8 + length * storage.item_size
        if end > len(data):
            raise UserError("it is cut short")
        storage.attach(data[place + 8 : end])
        place = end
