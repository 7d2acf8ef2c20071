"""Reads a pickle as data: a program of the format is carried out, but nothing of it can call.

Python's own unpickler imports and calls whatever a file names. This one knows the instructions that
build numbers, strings, lists, tuples and dicts; what a file names is looked up in a table that its
caller gives, and only functions of that table are ever called.
"""

import pickletools

from centernet_tf.errors import UserError

# More than a hundred times what the largest published checkpoint has; keeps a small file from
# filling the memory with empty lists.
MOST_INSTRUCTIONS = 5_000_000
_KEYS = (str, int, float, bool, bytes, type(None))
_MARK = object()


class Builder:
    """A function that files may have called on values of this machine."""

    def __init__(self, function):
        self.function = function


class Inert:
    """Stands for an object that is not needed: never called, and without content.

    Attributes:
      name: dotted name of what the file asked for.
    """

    __slots__ = ("name",)

    def __init__(self, name):
        self.name = name


def read_pickle(stream, look_up, storage_of=None):
    """Returns the object that a pickle describes, made of plain containers; sets become lists.

    Args:
      stream: binary file at the beginning of the pickle; left behind its end.
      look_up: function of (module, name) that returns a `Builder`, a value or an `Inert`, or raises
        a `UserError`.
      storage_of: function of a persistent id; None refuses them.

    Raises:
      UserError: the stream is no whole pickle, or asks for what is refused.
    """
    machine = _Machine(look_up, storage_of)
    try:
        for instruction, argument, _ in pickletools.genops(stream):
            machine.count(1)
            machine.step(instruction.name, argument)
        return machine.stack.pop()
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, OverflowError) as error:
        reason = " ".join(str(error).split())[:120]
        raise UserError(f"its pickle is damaged or none at all ({reason})") from error


class _Machine:
    """A stack and a memo; `step` carries out one instruction."""

    def __init__(self, look_up, storage_of):
        self.stack, self.memo = [], {}
        self._look_up, self._storage_of = look_up, storage_of
        self._done = 0

    def count(self, instructions):
        """Adds to what has been carried out; a file that asks for too much is refused."""
        self._done += instructions
        if self._done > MOST_INSTRUCTIONS:
            raise UserError(f"its pickle has more than {MOST_INSTRUCTIONS:,} instructions")

    def step(self, name, argument):
        if name in _PUSHES:
            self.stack.append(argument)
        elif name in _FRESH:
            self.stack.append(_FRESH[name]())
        elif name in _MEMO_WRITES:
            self.memo[len(self.memo) if argument is None else argument] = self.stack[-1]
        elif name in _MEMO_READS:
            self.stack.append(self.memo[argument])
        elif name not in _IGNORED:
            method = getattr(self, f"_{name.lower()}", None)
            if method is None:
                raise UserError(f"its pickle uses the instruction {name}, which is not supported")
            method(argument)

    def _items(self):
        """Pops what stands above the topmost mark, and the mark."""
        place = len(self.stack) - 1
        while self.stack[place] is not _MARK:
            place -= 1
            if place < 0:
                raise ValueError("a mark is missing")
        items = self.stack[place + 1 :]
        del self.stack[place:]
        return items

    def _mark(self, _):
        self.stack.append(_MARK)

    def _pop(self, _):
        self.stack.pop()

    def _pop_mark(self, _):
        self._items()

    def _dup(self, _):
        self.stack.append(self.stack[-1])

    def _list(self, _):
        self.stack.append(self._items())

    def _frozenset(self, _):
        self.stack.append(self._items())

    def _tuple(self, _):
        self.stack.append(tuple(self._items()))

    def _tuple1(self, _):
        self.stack[-1:] = [tuple(self.stack[-1:])]

    def _tuple2(self, _):
        self.stack[-2:] = [tuple(self.stack[-2:])]

    def _tuple3(self, _):
        self.stack[-3:] = [tuple(self.stack[-3:])]

    def _dict(self, _):
        self.stack.append(_with_items({}, self._items()))

    def _append(self, _):
        self._extend([self.stack.pop()])

    def _appends(self, _):
        self._extend(self._items())

    def _additems(self, _):
        self._extend(self._items())

    def _extend(self, items):
        if isinstance(self.stack[-1], list):
            self.stack[-1].extend(items)
        elif not isinstance(self.stack[-1], Inert):
            raise ValueError("items for what is no list")

    def _setitem(self, _):
        value, key = self.stack.pop(), self.stack.pop()
        self._update([key, value])

    def _setitems(self, _):
        self._update(self._items())

    def _update(self, items):
        if isinstance(self.stack[-1], dict):
            _with_items(self.stack[-1], items)
        elif not isinstance(self.stack[-1], Inert):
            raise ValueError("keys for what is no mapping")

    def _global(self, argument):
        module, _, name = argument.partition(" ")
        self.stack.append(self._look_up(module, name))

    def _stack_global(self, _):
        name, module = self.stack.pop(), self.stack.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise ValueError("a name that is no string")
        self.stack.append(self._look_up(module, name))

    def _reduce(self, _):
        arguments, function = self.stack.pop(), self.stack.pop()
        self.stack.append(self._called(function, arguments))

    def _newobj(self, _):
        self._reduce(None)

    def _newobj_ex(self, _):
        self.stack.pop()
        self._reduce(None)

    def _inst(self, argument):
        module, _, name = argument.partition(" ")
        arguments = tuple(self._items())
        self.stack.append(self._called(self._look_up(module, name), arguments))

    def _obj(self, _):
        function, *arguments = self._items()
        self.stack.append(self._called(function, tuple(arguments)))

    def _build(self, _):
        # The state of an object: attributes that no tensor and no container needs.
        del self.stack[-1]

    def _persid(self, argument):
        self._load_persistent(argument)

    def _binpersid(self, _):
        self._load_persistent(self.stack.pop())

    def _load_persistent(self, identity):
        if self._storage_of is None:
            raise UserError("its pickle names a storage where none can be")
        self.stack.append(self._storage_of(identity))

    def _called(self, function, arguments):
        if isinstance(function, Inert):
            return Inert(function.name)
        if not isinstance(function, Builder) or not isinstance(arguments, tuple):
            raise ValueError("a call of what is no function")
        # A function may copy what it is given, which the memo can give again and again.
        self.count(sum(len(part) for part in arguments if isinstance(part, (list, tuple, dict))))
        return function.function(*arguments)


def _with_items(mapping, items):
    if len(items) % 2:
        raise ValueError("a key without a value")
    for key, value in zip(items[::2], items[1::2]):
        mapping[checked_key(key)] = value
    return mapping


def checked_key(key):
    """Returns a key that can be hashed without recursion.

    Raises:
      ValueError: it is of another kind.
    """
    flat = key if type(key) is tuple else (key,)
    if not all(isinstance(part, (*_KEYS, Inert)) for part in flat):
        raise ValueError(f"a key of a mapping is a {type(key).__name__}")
    return key


# fmt: off
_PUSHES = frozenset((
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
    "BYTEARRAY8", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8",
))
# fmt: on
_FRESH = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_SET": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_DICT": dict,
}
_MEMO_WRITES = frozenset(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"))
_MEMO_READS = frozenset(("GET", "BINGET", "LONG_BINGET"))
_IGNORED = frozenset(("PROTO", "FRAME", "STOP"))
