"""The format of PyTorch files since 1.6: an uncompressed zip archive of a pickle and storages."""

import io
import struct
import zipfile
import zlib

from centernet_tf.errors import UserError
from centernet_tf.quote import quote
from centernet_tf.weights.pickle_machine import read_pickle
from centernet_tf.weights.stored_tensor import Storage, checked_name
from centernet_tf.weights.torch_globals import StorageType, look_up

FIRST_BYTES = b"PK\x03\x04"
_HEADER = struct.Struct("<4s22xHH")


def read_zip(data):
    """Returns the object in an archive; its tensors are views of `data`.

    Nothing is unpacked to the disk, so names of members lead nowhere.

    Args:
      data: buffer of the whole file.

    Raises:
      UserError: the archive is cut short, damaged, compressed, or none of PyTorch's.
    """
    members = _members(data)
    folder = _folder(members)
    order = "<"
    if f"{folder}/byteorder" in members:
        order = ">" if bytes(members[f"{folder}/byteorder"]()) == b"big" else "<"
    storages = {}

    def storage_of(identity):
        kind, storage_type, key, _, length = identity
        if kind != "storage" or not isinstance(storage_type, StorageType):
            raise ValueError("a storage of an unknown kind")
        if checked_name(key) not in storages:
            name = f"{folder}/data/{key}"
            if name not in members:
                raise UserError(f"the storage {quote(name)} is not in the file")
            storages[key] = Storage(storage_type.element, length, order)
            storages[key].attach(members[name]())
        storage = storages[key]
        if (storage.element, storage.length) != (storage_type.element, length):
            raise UserError(f"the storage {quote(key)} is described in two ways")
        return storage

    return read_pickle(io.BytesIO(members[f"{folder}/data.pkl"]()), look_up, storage_of)


def _members(data):
    """Returns functions that give the bytes of each member, by name."""
    try:
        with zipfile.ZipFile(_Window(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error) as error:
        raise UserError(f"it is cut short or damaged ({error})") from error
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names):
        raise UserError("its archive has two members of one name")
    # Members that overlap let a small file stand for a huge one.
    if sum(entry.file_size for entry in entries) > len(data):
        raise UserError("its members claim more bytes than the file has")
    return {entry.filename: lambda entry=entry: _content(data, entry) for entry in entries}


def _content(data, entry):
    """Returns the bytes of a member as a view, after checking them against their checksum."""
    if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
        raise UserError(
            f"its member {entry.filename!r:.80} is compressed or encrypted, which torch.save never "
            "does"
        )
    start = entry.header_offset
    header = data[start : start + 30]
    if len(header) < 30 or header[:4] != FIRST_BYTES:
        raise UserError(f"its member {entry.filename!r:.80} is not where the archive says")
    _, name_length, extra_length = _HEADER.unpack(header)
    start += 30 + name_length + extra_length
    content = data[start : start + entry.file_size]
    if len(content) < entry.file_size or zlib.crc32(content) != entry.CRC:
        raise UserError(f"its member {entry.filename!r:.80} is damaged; load the file again")
    return content


def _folder(members) -> str:
    """Name of the one folder that everything is in."""
    pickles = [name for name in members if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise UserError(
            "it is a zip archive, but not one of torch.save; expected one data.pkl in one folder"
        )
    folder = pickles[0].partition("/")[0]
    if f"{folder}/constants.pkl" in members:
        raise UserError(
            "it is a program of TorchScript (torch.jit.save), not weights; save the state_dict() "
            "of the model with torch.save"
        )
    return folder


class _Window(io.RawIOBase):
    """A buffer as a file for `zipfile`, without a copy of it."""

    def __init__(self, data):
        self._data, self._place = data, 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self._place

    def seek(self, offset, whence=io.SEEK_SET):
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: len(self._data)}[whence]
        if base + offset < 0:
            raise ValueError("a place before the beginning of the file")
        self._place = base + offset
        return self._place

    def readinto(self, buffer):
        part = self._data[self._place : self._place + len(buffer)]
        buffer[: len(part)] = part
        self._place += len(part)
        return len(part)
