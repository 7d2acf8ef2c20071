"""One line an epoch in a file, a bar with the time left at a terminal."""

import io
import re
import types

import pytest

from centernet_tf.training import progress
from centernet_tf.training.pace import Pace
from centernet_tf.training.progress import Progress, clock

LOGS = {"size_loss": 0.25, "loss": 1.23456, "heatmap_loss": 0.98, "learning_rate": 5e-4}


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def steady_pace(monkeypatch):
    """Every step takes two seconds, of which a quarter is waiting."""
    watch = types.SimpleNamespace(pace=lambda steps: Pace(2.0 * steps, 4.0, 0.25))
    monkeypatch.setattr(progress, "Stopwatch", lambda *_: watch)
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN", -1.0)


def run(stream, epochs=2, steps=5, parts=(5, 5)):
    """What a run writes whose epochs have so many steps."""
    callback = Progress(epochs, 5, 8, stream)
    for epoch, length in enumerate(parts, start=epochs - len(parts)):
        callback.set_params({"steps": length})
        callback.on_epoch_begin(epoch)
        for batch in range(length):
            callback.on_train_batch_end(batch, LOGS)
        callback.on_epoch_end(epoch, LOGS)
    return stream.getvalue()


def test_one_line_an_epoch_in_a_file():
    assert run(io.StringIO()).splitlines() == [
        f"epoch {epoch}/2: loss 1.235, size_loss 0.25, heatmap_loss 0.98, rate 0.0005, 5 steps in "
        f"0:10, 4.0 images/s, 25% waiting for data{left}"
        for epoch, left in ((1, ", 0:10 left"), (2, ""))
    ]


def test_a_bar_and_the_time_left_at_a_terminal():
    text = run(Terminal(), epochs=4, parts=(5, 5, 5))
    drawn = [line for line in re.split(r"[\r\n]", text) if "|" in line]
    assert len(drawn) == 15
    assert drawn[1] == (
        "epoch 2/4 |########            | 2/5  loss 1.235  4.0 images/s  wait 25%  ETA 0:06, "
        "run 0:26\x1b[K"
    )
    assert "ETA 0:00, run 0:00" in drawn[-1]
    # The bar gives way to the line of the epoch.
    assert text.count("\n") == 3 and text.endswith("waiting for data\n")
    assert "\r\x1b[Kepoch 4/4: loss" in text


def test_the_rest_of_an_epoch_leaves_whole_ones():
    (first, second) = run(io.StringIO(), parts=(2, 5)).splitlines()
    assert "2 steps in 0:04" in first and first.endswith("0:10 left")
    assert "5 steps in 0:10" in second


def test_clock():
    assert [clock(value) for value in (0.4, 42, 425, 94025)] == ["0:00", "0:42", "7:05", "26:07:05"]
