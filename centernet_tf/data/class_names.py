"""Files that name the classes of a data set, for formats whose annotations do not."""

from typing import Dict, List

import yaml

from centernet_tf.errors import UserError


def read_lines(path: str) -> List[str]:
    """Returns the class names of a text file, one a line.

    Raises:
      UserError: the file cannot be read, is empty, or names a class twice.
    """
    try:
        with open(path, encoding="utf-8-sig") as stream:
            names = [line.strip() for line in stream if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"Cannot read the labels file '{path}': {error}.") from error
    if not names or len(set(names)) < len(names):
        raise UserError(f"The labels file '{path}' must hold class names, one a line, each once.")
    return names


def is_yaml(path: str) -> bool:
    """Says whether the name of a file ends as YAML files do."""
    return path.lower().endswith((".yaml", ".yml"))


def read_data_yaml(path: str) -> dict:
    """Returns the mapping in a YOLO `data.yaml`.

    Raises:
      UserError: the file cannot be read or holds no mapping.
    """
    try:
        with open(path, encoding="utf-8-sig") as stream:
            document = yaml.safe_load(stream)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        fault = " ".join(str(error).split())
        raise UserError(f"Cannot read the labels file '{path}': {fault}.") from error
    if not isinstance(document, dict):
        raise UserError(f"'{path}' must hold a mapping with 'names', as YOLO's data.yaml does.")
    return document


def yolo_names(path: str) -> Dict[int, str]:
    """Returns class names by YOLO's numbers, which start at 0.

    Args:
      path: of a text file with a name a line, or of a `data.yaml` whose `names` is a list or a
        mapping from numbers.

    Raises:
      UserError: the file cannot be read or does not name classes.
    """
    if not is_yaml(path):
        return dict(enumerate(read_lines(path)))
    names = read_data_yaml(path).get("names")
    if isinstance(names, list):
        names = dict(enumerate(names))
    well_formed = isinstance(names, dict) and all(
        type(number) is int and number >= 0 and str(name).strip() for number, name in names.items()
    )
    if not names or not well_formed or len(set(names.values())) < len(names):
        raise UserError(
            f"'names' in '{path}' must list the class names, or map numbers from 0 to them, each "
            f"once; found {str(names)[:100]}."
        )
    return {number: str(names[number]).strip() for number in sorted(names)}
