"""The confusion of classes as a table, or for many classes as the list of what is confused most."""

from typing import Sequence

import numpy as np

from centernet_tf.evaluation import html_page

_MAX_CLASSES, _MOST = 16, 30
_LETTERS = 16


def confusion_table(counts: np.ndarray, names: Sequence[str]) -> str:
    """Returns HTML.

    Args:
      counts: of `errors.confusion`, [C + 1, C + 1].
      names: of the C classes. With more than 16, only the most frequent confusions are listed.
    """
    if len(names) > _MAX_CLASSES:
        return _most_frequent(counts, names)
    rows = [*names, "hallucinated"]
    parts = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    right = np.eye(len(rows), dtype=bool)
    right[-1] = False
    # What nothing was, and was not detected, has no count.
    text = [[f"{count:,}" for count in row] for row in counts]
    text[-1][-1] = ""
    return html_page.shaded_table(
        ["object", *(_short(name) for name in names), "missed"],
        [[name, *cells] for name, cells in zip(rows, text)],
        np.where(right, parts, -parts).tolist(),
    )


def _most_frequent(counts, names):
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    rows = []
    for place in np.argsort(-wrong, axis=None, kind="stable")[:_MOST]:
        row, column = np.unravel_index(place, wrong.shape)
        if wrong[row, column]:
            total = counts[row].sum()
            was = names[row] if row < len(names) else "nothing (hallucinated)"
            taken = names[column] if column < len(names) else "nothing (missed)"
            count = int(wrong[row, column])
            rows.append([was, taken, f"{count:,}", f"{count / total:.0%}"])
    return html_page.table(("object", "taken for", "count", "part of the row"), rows)


def _short(name):
    return name if len(name) <= _LETTERS else name[: _LETTERS - 1] + "…"
