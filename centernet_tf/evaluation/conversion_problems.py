"""What make_tfrecords found wrong while it made a data set."""

import json
import os
from typing import List, NamedTuple, Optional

from centernet_tf.data.data_set_folder import REPORT_NAME


class Problem(NamedTuple):
    """One kind of problem: its name, count, meaning, whether it was left out, and file names."""

    reason: str
    count: int
    meaning: str
    left_out: bool
    examples: List[str]


def conversion_problems(
    data_dir: str, split: str, max_examples: int = 3
) -> Optional[List[Problem]]:
    """Returns the problems of a split by the report beside its manifest.

    Args:
      data_dir: folder of the data set.
      split: name of the split.
      max_examples: file names for each problem, without repetition.

    Returns:
      the problems, most frequent first, or None where there is no report on the split that can be
      read.
    """
    try:
        with open(os.path.join(data_dir, REPORT_NAME), encoding="utf-8") as stream:
            entries = json.load(stream)[split]["problems"]
        problems = [
            Problem(
                reason,
                int(entry["count"]),
                str(entry["meaning"]),
                bool(entry["left_out"]),
                list(dict.fromkeys(str(find["file_name"]) for find in entry["entries"]))[
                    :max_examples
                ],
            )
            for reason, entry in entries.items()
        ]
    # Records of other tools may lie beside a report of another form.
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return sorted(problems, key=lambda problem: -problem.count)
