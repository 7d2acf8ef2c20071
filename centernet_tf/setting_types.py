"""The types that a setting can have: what YAML gives, read as one, and its name in plain words."""

import typing

_NAMES = {
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    str: ("text", "texts"),
    bool: ("true or false", "true or false"),
}


def read_as(value, hint):
    """Returns a value of a YAML file as the annotated type.

    Args:
      value: what the parser gives.
      hint: int, float, str, bool, or `List` of one of them.

    Raises:
      ValueError: it is of another kind.
    """
    if typing.get_origin(hint) is list:
        (element,) = typing.get_args(hint)
        if not isinstance(value, (list, tuple)):
            raise ValueError("no list")
        return [read_as(item, element) for item in value]
    if hint is str and isinstance(value, bool):
        # YAML 1.1 reads an unquoted `on` or `off` as a boolean.
        return "on" if value else "off"
    if hint is str and isinstance(value, (str, int, float)):
        return str(value)
    if hint is float and isinstance(value, (int, float, str)) and not isinstance(value, bool):
        # YAML 1.1 reads 5e-4, which has no point, as a string.
        return float(value)
    if hint in (int, bool) and type(value) is hint:
        return value
    raise ValueError("another kind")


def type_name(hint) -> str:
    """Returns what a value of the type is called, such as 'a list of whole numbers'."""
    if typing.get_origin(hint) is list:
        (element,) = typing.get_args(hint)
        return f"a list of {_NAMES[element][1]}"
    return _NAMES[hint][0]


def quote(value) -> str:
    """Returns a value as a message shows it."""
    if value is None:
        return "nothing"
    return str(value).lower() if isinstance(value, bool) else repr(value)
