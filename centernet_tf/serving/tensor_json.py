"""TensorFlow Serving's JSON of a prediction: rows or columns of named arrays.

A string that is no text travels as `{"b64": "..."}`. Where a signature has one input, its name may
be left out; where it has one output, it is left out.
"""

import base64
import binascii
import gc
import itertools
import json
import string
import threading

import numpy as np
import tensorflow as tf

from centernet_tf.serving.faults import BadRequest

# Nothing else runs in Python while a body is parsed: between two of them others have their turn.
_PARSING = threading.Lock()
_WHITE_SPACE = string.whitespace.encode()


def parse_request(body: bytes) -> dict:
    """Returns the JSON object of a request.

    Raises:
      BadRequest: the body is none, or has not exactly one of `instances` and `inputs`.
    """
    try:
        document = _parsed(body)
    # Deep nesting ends in a RecursionError.
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is no JSON: {error}.") from error
    if not isinstance(document, dict):
        raise BadRequest('The body must be a JSON object with "instances" or "inputs".')
    if ("instances" in document) == ("inputs" in document):
        raise BadRequest('The body must hold either "instances" (rows) or "inputs" (columns).')
    signature = document.get("signature_name", "")
    if not isinstance(signature, str):
        raise BadRequest(f'"signature_name" must be a string; got {_shown(signature)}.')
    return document


def decode_inputs(document: dict, wanted: dict) -> dict:
    """Turns a request into arrays.

    Args:
      document: from `parse_request`.
      wanted: `TensorInfo` of each input by name.

    Returns:
      arrays by name, of the types of the signature.

    Raises:
      BadRequest: the values do not fit; the sentence says which.
    """
    if "inputs" in document:
        columns = _columns(document["inputs"], wanted)
    else:
        columns = _columns_of_rows(document["instances"], wanted)
    unknown = sorted(set(columns) ^ set(wanted))
    if unknown:
        raise BadRequest(
            f"The signature takes {', '.join(sorted(wanted))}; got "
            f"{', '.join(sorted(columns)) or 'nothing'}."
        )
    return {
        name: _array(name, value, tf.dtypes.as_dtype(wanted[name].dtype))
        for name, value in columns.items()
    }


def encode_outputs(document: dict, outputs: dict) -> bytes:
    """Returns the answer to a request, by rows or by columns as it was asked."""
    lists = {name: _plain(name, values) for name, values in outputs.items()}
    if "inputs" in document:
        (answer,) = lists.values() if len(lists) == 1 else (lists,)
        return json.dumps({"outputs": answer}).encode()
    names = list(lists)
    if len(names) == 1:
        rows = lists[names[0]]
    else:
        rows = [dict(zip(names, row)) for row in zip(*lists.values())]
    return json.dumps({"predictions": rows}).encode()


def _parsed(body: bytes):
    with _PARSING:
        # Millions of new lists would have the collector walk through all that is there many times.
        gc.disable()
        try:
            return json.loads(body)
        finally:
            gc.enable()


def _columns(value, wanted) -> dict:
    if isinstance(value, dict) and not _is_base64(value):
        return value
    return {_only_name(wanted): value}


def _columns_of_rows(rows, wanted) -> dict:
    if not isinstance(rows, list) or not rows:
        raise BadRequest(f'"instances" must be a list of at least one row; got {_shown(rows)}.')
    named = [isinstance(row, dict) and not _is_base64(row) for row in rows]
    if not any(named):
        return {_only_name(wanted): rows}
    if not all(named) or any(set(row) != set(rows[0]) for row in rows):
        raise BadRequest('The rows of "instances" must all name the same inputs.')
    return {name: [row[name] for row in rows] for name in rows[0]}


def _only_name(wanted) -> str:
    if len(wanted) != 1:
        raise BadRequest(f"The inputs must be named: {', '.join(sorted(wanted))}.")
    (name,) = wanted
    return name


def _is_base64(value) -> bool:
    return isinstance(value, dict) and set(value) == {"b64"}


def _array(name: str, value, dtype) -> np.ndarray:
    shape, leaves = _flat(name, value)
    read = _strings if dtype == tf.string else _numbers
    return read(name, leaves, dtype).reshape(shape)


def _flat(name: str, value):
    """Returns the shape and all values of nested lists, before anything is built of them."""
    shape, level = [], [value]
    while isinstance(level[0], list):
        length = len(level[0])
        if any(not isinstance(each, list) or len(each) != length for each in level):
            raise BadRequest(f"The rows of '{name}' differ in their shapes.")
        if not length:
            raise BadRequest(f"The input '{name}' holds an empty list.")
        shape.append(length)
        level = list(itertools.chain.from_iterable(level))
    if any(isinstance(each, list) for each in level):
        raise BadRequest(f"The rows of '{name}' differ in their shapes.")
    return shape, level


def _numbers(name: str, leaves: list, dtype) -> np.ndarray:
    kinds = (int,) if dtype.is_integer else (int, float)
    if not set(map(type, leaves)) <= set(kinds):
        other = next(each for each in leaves if type(each) not in kinds)
        raise BadRequest(f"The input '{name}' is of type {dtype.name}; got {_shown(other)}.")
    if dtype.is_integer and not dtype.min <= min(leaves) <= max(leaves) <= dtype.max:
        raise BadRequest(f"The input '{name}' is of type {dtype.name}; some values lie outside it.")
    try:
        return np.array(leaves, dtype.as_numpy_dtype)
    except OverflowError as error:
        raise BadRequest(f"A value of '{name}' is too large for {dtype.name}.") from error


def _strings(name: str, leaves: list, dtype) -> np.ndarray:
    del dtype
    return np.array([_string(name, each) for each in leaves], dtype=object)


def _string(name: str, value) -> bytes:
    if _is_base64(value):
        return _bytes(name, value["b64"])
    if not isinstance(value, str):
        raise BadRequest(
            f'The input \'{name}\' takes strings, bytes as {{"b64": "..."}}; got {_shown(value)}.'
        )
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise BadRequest(f"A string of '{name}' is no text: {error.reason}.") from error


def _bytes(name: str, text) -> bytes:
    """Reads base64 as TensorFlow Serving does: white space and missing padding are no faults."""
    if not isinstance(text, str):
        raise BadRequest(f"The b64 of '{name}' must be a string; got {_shown(text)}.")
    if not text.isascii():
        raise BadRequest(f"The b64 of '{name}' is not base64: not all of it is ASCII.")
    # Not split and joined: the pieces of a hostile text take twenty times its memory.
    digits = text.encode().translate(None, _WHITE_SPACE)
    if not digits.endswith(b"="):
        digits += b"=" * (-len(digits) % 4)
    try:
        return base64.b64decode(digits, validate=True)
    except binascii.Error as error:
        raise BadRequest(f"The b64 of '{name}' is not base64: {error}.") from error


def _plain(name: str, values: np.ndarray):
    lists = values.tolist()
    return _text(name, lists) if values.dtype == object else lists


def _text(name: str, value):
    if isinstance(value, list):
        return [_text(name, each) for each in value]
    # TensorFlow Serving tells bytes from text by this ending.
    if name.endswith("_bytes"):
        return {"b64": base64.b64encode(value).decode()}
    return value.decode("utf-8", "replace")


def _shown(value) -> str:
    if value == []:
        return "an empty list"
    text = json.dumps(value) if isinstance(value, (str, int, float, bool, type(None))) else ""
    return text[:40] if text else f"a {type(value).__name__}"
