"""Tensors of a PyTorch file as it stores them: a stretch of a storage seen with strides."""

import math

import numpy as np

from centernet_tf.errors import UserError
from centernet_tf.quote import quote

# NumPy types without byte order. bfloat16, which NumPy has not, is read as its 16 bits.
ELEMENTS = {
    "float64": "f8",
    "float32": "f4",
    "float16": "f2",
    "bfloat16": "u2",
    "int64": "i8",
    "int32": "i4",
    "int16": "i2",
    "int8": "i1",
    "uint8": "u1",
    "bool": "?",
    "complex64": "c8",
    "complex128": "c16",
}


class Storage:
    """A run of elements of one type, whose bytes may become known after it has been named.

    Attributes:
      element: a key of `ELEMENTS`, or None for the bytes of a storage without a type.
      length: number of elements; of bytes without a type.
    """

    def __init__(self, element, length, byte_order="<"):
        if not is_count(length):
            raise UserError(f"a storage has a length of {quote(length)}")
        self.element, self.length, self.byte_order = element, length, byte_order
        self.data = None

    @property
    def item_size(self) -> int:
        return np.dtype(ELEMENTS[self.element]).itemsize if self.element else 1

    def attach(self, data) -> None:
        """Gives the storage its bytes.

        Args:
          data: a buffer; may be longer than the storage.

        Raises:
          UserError: the buffer is shorter than the storage.
        """
        if len(data) < self.length * self.item_size:
            raise UserError(
                f"a storage of {self.length * self.item_size} bytes has only {len(data)} in the "
                "file"
            )
        self.data = data


class StoredTensor:
    """A tensor that is read from the file when `numpy` is called, and not before.

    Attributes:
      shape: tuple of ints.
      element: a key of `ELEMENTS`.

    Raises:
      UserError: the tensor is not inside its storage, or is described by other things than counts.
    """

    def __init__(self, storage, first, shape, strides, element=None):
        self.shape, self.element = tuple(shape), element or storage.element
        self._storage, self._first, self._strides = storage, first, tuple(strides)
        counts = (first, *self.shape, *self._strides)
        if self.element is None or not all(map(is_count, counts)):
            raise UserError(f"a tensor is described by {quote(counts)}")
        if len(self.shape) != len(self._strides) or len(self.shape) > 16:
            raise UserError(
                f"a tensor has {len(self.shape)} sides and {len(self._strides)} strides"
            )
        self._check_bounds()

    def _check_bounds(self):
        if not self.size:
            return
        last = self._first + sum((side - 1) * step for side, step in zip(self.shape, self._strides))
        end = (last + 1) * np.dtype(ELEMENTS[self.element]).itemsize
        if end > self._storage.length * self._storage.item_size:
            raise UserError(
                f"a tensor of shape {list(self.shape)} ends {end} bytes into a storage of "
                f"{self._storage.length * self._storage.item_size}"
            )

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    def numpy(self) -> np.ndarray:
        """Returns the values as a contiguous array of their own; bfloat16 becomes float32."""
        item = np.dtype(self._storage.byte_order + ELEMENTS[self.element])
        if not self.size:
            return _native(np.zeros(self.shape, item), self.element)
        values = np.frombuffer(self._storage.data, np.uint8)
        whole = (len(values) - self._first * item.itemsize) // item.itemsize
        values = np.frombuffer(self._storage.data, item, whole, self._first * item.itemsize)
        steps = [step * item.itemsize for step in self._strides]
        seen = np.lib.stride_tricks.as_strided(values, self.shape, steps, writeable=False)
        return _native(seen, self.element)


def _native(values, element):
    if element == "bfloat16":
        return (values.astype(np.uint32) << 16).view(np.float32)
    return np.array(values, values.dtype.newbyteorder("="), order="C")


def checked_name(name):
    """Returns the name of a storage, a str or an int; other kinds may not be hashable in peace.

    Raises:
      UserError: it is of another kind.
    """
    if type(name) not in (str, int):
        raise UserError(f"a storage is named by {quote(name)}")
    return name


def is_count(value) -> bool:
    """Says whether a value is an int of 0 or more that fits 62 bits."""
    return type(value) is int and 0 <= value < 2**62
