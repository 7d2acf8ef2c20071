"""The `history.csv` of a training, read back for charts."""

import csv
import math
from typing import Dict, List, Tuple


def read_history(path: str) -> List[Dict[str, str]]:
    """Returns the lines of a history.csv, one an epoch, as texts by column."""
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def points(lines: List[Dict[str, str]], name: str) -> List[Tuple[float, float]]:
    """Returns (epoch, value) of a column; NaN where it is empty, missing or undefined (-1)."""
    return [(float(line["epoch"]), _number(line.get(name))) for line in lines]


def _number(text) -> float:
    # Epochs without an evaluation have empty cells.
    value = float(text) if text not in (None, "") else math.nan
    return value if value >= 0 else math.nan
