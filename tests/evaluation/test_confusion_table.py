"""Few classes make a table, many a list of what is confused most."""

import numpy as np

from centernet_tf.evaluation.confusion_table import confusion_table


def test_few_classes_make_a_shaded_table():
    html = confusion_table(np.array([[6, 2, 2], [0, 4, 0], [3, 0, 0]]), ["<a>", "b"])
    assert html.count("<tr>") == 4 and "&lt;a&gt;" in html
    for cell in (
        "<td style='background:rgba(47,125,225,0.45)'>6</td>",
        "<td style='background:rgba(226,86,44,0.15)'>2</td>",
        "<td style='background:rgba(47,125,225,0.75)'>4</td>",
        "<td style='background:rgba(226,86,44,0.75)'>3</td>",
        "<td>0</td>",
    ):
        assert cell in html


def test_many_classes_make_a_list():
    counts = np.diag(np.full(41, 50))
    counts[40, 40] = 0
    counts[3, 7], counts[9, 40], counts[40, 2] = 25, 150, 10
    html = confusion_table(counts, [f"c{i}" for i in range(40)])
    rows = html.split("<tr>")[2:]
    assert len(rows) == 3
    for row, words in zip(
        rows,
        (
            ("c9", "nothing (missed)", "150", "75%"),
            ("c3", "c7", "25", "33%"),
            ("nothing (hallucinated)", "c2", "10", "100%"),
        ),
    ):
        assert all(f">{word}<" in row for word in words), row
