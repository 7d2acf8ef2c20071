"""A history.csv becomes points of charts."""

import math

import pytest

from centernet_tf.errors import UserError
from centernet_tf.evaluation.history_file import points, read_history


def test_empty_missing_and_undefined_values_are_gaps(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("epoch,loss,AP\n1,9.5,\n2,4.5,0.25\n3,4.0,-1.0\n")
    lines = read_history(str(path))
    assert points(lines, "loss") == [(1.0, 9.5), (2.0, 4.5), (3.0, 4.0)]
    values = [value for _, value in points(lines, "AP")]
    assert values[1] == pytest.approx(0.25)
    assert math.isnan(values[0]) and math.isnan(values[2])
    assert all(math.isnan(value) for _, value in points(lines, "none"))


@pytest.mark.parametrize(
    "text, words",
    [
        ("epoch,loss\n1,much\n", "'much'"),
        ("epoch,loss\n1,2,3\n", "epoch 1 has more cells"),
        ("step,loss\n1,2\n", "a line has no epoch"),
        ("epoch,loss\n,2\n", "a line has no epoch"),
        (b"epoch,loss\n\xff,2\n", "codec"),
    ],
)
def test_what_is_no_history_is_one_sentence(tmp_path, text, words):
    path = tmp_path / "history.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError, match=f"Cannot read the history '.*history.csv': .*{words}"):
        read_history(str(path))
