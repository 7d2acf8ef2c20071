"""What was found in a file, quoted in a message: short however long or deeply nested it is."""

import reprlib

_REPR = reprlib.Repr()
_REPR.maxlevel = 3
_REPR.maxdict = _REPR.maxlist = 8
_REPR.maxstring = 60
_LONGEST = 200


def quote(value) -> str:
    """Returns the beginning of `repr(value)` without building the whole."""
    return _REPR.repr(value)[:_LONGEST]


def listed(names, most=6) -> str:
    """Joins names that come from a file: at most so many, and none that would move the cursor."""
    names = list(names)
    shown = [
        name if name.isprintable() and len(name) <= _LONGEST else quote(name)
        for name in names[:most]
    ]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(shown) + more
