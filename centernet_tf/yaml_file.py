"""Reads a YAML file that a person wrote; what is wrong with it becomes one sentence."""

import yaml

from centernet_tf.errors import UserError


def read_mapping(path: str) -> dict:
    """Returns what a config file holds.

    Raises:
      UserError: the file cannot be read, is not UTF-8, is not YAML, or holds something else than a
        mapping.
    """
    text = _read_text(path)
    try:
        mapping = yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise UserError(
            f"The config file {path} is not valid YAML: {_fault(error, text)}."
        ) from error
    if not isinstance(mapping, dict):
        raise UserError(
            f"The config file {path} must hold a mapping such as 'data: {{path: ...}}'."
        )
    return mapping


def _read_text(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            content = stream.read()
        return content.decode("utf-8")
    except OSError as error:
        raise UserError(f"Cannot read the config file {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        raise UserError(
            f"The config file {path} is not UTF-8: {_place(before)} has the byte "
            f"0x{content[error.start]:02x}; save it as UTF-8."
        ) from error


def _fault(error: Exception, text: str) -> str:
    """Returns where the fault is and what the parser says of it."""
    if isinstance(error, yaml.reader.ReaderError):
        found = f"the character U+{error.character:04X}"
        return f"{_place(text[: error.position])} has {found}, which YAML does not allow"
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return " ".join(str(error).split())
    begun = f" (line {error.context_mark.line + 1})" if error.context_mark else ""
    said = [f"{error.context}{begun}" if error.context else "", error.problem or ""]
    return f"line {mark.line + 1}, column {mark.column + 1}: {', '.join(filter(None, said))}"


def _place(before: str) -> str:
    """Returns the line and the column that follow this text."""
    lines = before.split("\n")
    return f"line {len(lines)}, column {len(lines[-1]) + 1}"
