"""The `history.csv` of a training, read back for charts."""

import csv
import math
from typing import Dict, List, Tuple

from centernet_tf.errors import UserError


def read_history(path: str) -> List[Dict[str, float]]:
    """Returns the lines of a history.csv, one an epoch, as numbers by column; NaN where empty.

    Raises:
      UserError: it cannot be read, has no epochs, or a cell is no number.
    """
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            return [_numbers(line) for line in csv.DictReader(stream)]
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(
            f"Cannot read the history '{path}': {error}. Its cells are numbers or empty; mend it, "
            "or move it away."
        ) from error


def points(lines: List[Dict[str, float]], name: str) -> List[Tuple[float, float]]:
    """Returns (epoch, value) of a column; NaN where it is empty, missing or undefined (-1)."""
    values = [line.get(name, math.nan) for line in lines]
    return [
        (line["epoch"], value if value >= 0 else math.nan) for line, value in zip(lines, values)
    ]


def _numbers(line: dict) -> dict:
    if not line.get("epoch"):
        raise ValueError("a line has no epoch")
    if None in line:
        raise ValueError(f"the line of epoch {line['epoch']} has more cells than there are columns")
    # Epochs without an evaluation have empty cells.
    return {name: float(cell) if cell else math.nan for name, cell in line.items()}
