"""How much memory a JSON body takes once it is parsed: `[],` is 3 bytes, a Python list about 90."""

# At most what each sign stands for costs in CPython, with its place in the list that holds it, in
# the flat list of all values and in the array that comes of them.
_BYTES_OF = {b",": 56, b"[": 112, b"{": 176, b":": 208, b'"': 40}
# Of a character: in the text and in a string value. Where not all are ASCII, they are wide.
_NARROW, _WIDE = 2, 8


def parsed_bytes(body: bytes) -> int:
    """Returns an upper bound of the bytes that parsing takes beside the body, without parsing.

    Base64 has none of the signs that are counted, so that encoded images take what their text does.

    Args:
      body: JSON, or anything else.
    """
    signs = sum(cost * body.count(sign) for sign, cost in _BYTES_OF.items())
    is_wide = not body.isascii() or b"\\u" in body
    return signs + (_WIDE if is_wide else _NARROW) * len(body)
