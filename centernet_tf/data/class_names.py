"""Files that name the classes of a data set, for formats whose annotations do not."""

from typing import Dict, List

import yaml

from centernet_tf.data.is_name import is_name
from centernet_tf.data.label_map import read_label_map
from centernet_tf.errors import UserError
from centernet_tf.quote import quote


def read_lines(path: str) -> List[str]:
    """Returns the class names of a text file, one a line.

    Raises:
      UserError: the file cannot be read, is empty, names a class twice, has an empty line between
        names, where counting the classes would be a guess, or is YAML or a label map, whose lines
        are no names.
    """
    if is_yaml(path) or is_label_map(path):
        raise UserError(
            f"The labels file '{path}' must be a text file with a class name a line; its lines are "
            "something else."
        )
    try:
        with open(path, encoding="utf-8-sig") as stream:
            names = [line.strip() for line in stream.read().rstrip().splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"Cannot read the labels file '{path}': {error}.") from error
    if not all(map(is_name, names)) or not names or len(set(names)) < len(names):
        raise UserError(
            f"The labels file '{path}' must hold class names, one a line, each once, no empty line "
            "between them, and no tabs or other control characters."
        )
    return names


def names_by_id(path: str) -> Dict[int, str]:
    """Returns class names by category id.

    Args:
      path: of a text file with a name a line, numbered from 1; of a label map (`.pbtxt`); or of a
        YAML file whose `names` is a mapping from ids, or a list numbered from 0.

    Raises:
      UserError: the file cannot be read or does not name classes.
    """
    if is_label_map(path):
        return read_label_map(path)
    return yolo_names(path) if is_yaml(path) else dict(enumerate(read_lines(path), start=1))


def is_yaml(path: str) -> bool:
    """Says whether the name of a file ends as YAML files do."""
    return path.lower().endswith((".yaml", ".yml"))


def is_label_map(path: str) -> bool:
    """Says whether the name of a file ends as label maps of the Object Detection API do."""
    return path.lower().endswith(".pbtxt")


def read_data_yaml(path: str) -> dict:
    """Returns the mapping in a YOLO `data.yaml`.

    Raises:
      UserError: the file cannot be read or holds no mapping.
    """
    try:
        with open(path, encoding="utf-8-sig") as stream:
            document = yaml.safe_load(stream)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        fault = " ".join(str(error).split())
        raise UserError(f"Cannot read the labels file '{path}': {fault}.") from error
    if not isinstance(document, dict):
        raise UserError(f"'{path}' must hold a mapping with 'names', as YOLO's data.yaml does.")
    return document


def keypoint_values(document: dict, path: str) -> int:
    """Returns how many numbers of keypoints follow each box: the product of YOLO's `kpt_shape`.

    Raises:
      UserError: it is no pair of counts.
    """
    shape = document.get("kpt_shape", [0, 0])
    is_pair = isinstance(shape, list) and len(shape) == 2
    if not is_pair or not all(type(side) is int and side >= 0 for side in shape):
        raise UserError(
            f"'kpt_shape' in '{path}' must be a number of keypoints and one of values, such as "
            f"[17, 3]; found {quote(shape)}."
        )
    return shape[0] * shape[1]


def yolo_names(path: str) -> Dict[int, str]:
    """Returns class names by YOLO's numbers, which start at 0.

    Args:
      path: of a text file with a name a line, or of a `data.yaml` whose `names` is a list or a
        mapping from numbers.

    Raises:
      UserError: the file cannot be read, does not name classes, or is a label map, whose ids are
        not YOLO's numbers.
    """
    if is_label_map(path):
        raise UserError(
            f"The ids of the label map '{path}' do not say YOLO's numbers; give data.yaml, or a "
            "text file with the class names in the order of the numbers, one a line."
        )
    if not is_yaml(path):
        return dict(enumerate(read_lines(path)))
    found = read_data_yaml(path).get("names")
    numbered = dict(enumerate(found)) if isinstance(found, list) else found
    if not isinstance(numbered, dict) or not all(type(number) is int for number in numbered):
        numbered = {}
    # Class names such as 0 or 1.5 are numbers to YAML; yes, no, on and off are truth values, which
    # cannot be told apart any more.
    names = {
        number: str(numbered[number]).strip()
        for number in sorted(numbered)
        if 0 <= number < 2**31 and type(numbered[number]) in (str, int, float)
    }
    is_whole = len(names) == len(numbered) == len(set(names.values()))
    if not names or not is_whole or not all(map(is_name, names.values())):
        raise UserError(
            f"'names' in '{path}' must list the class names, or map numbers from 0 to them, each "
            f"once, with yes, no, on and off in quotes; found {quote(found)}."
        )
    return names
