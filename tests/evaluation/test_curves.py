"""Charts hold their points, have round ticks, and take what a young run has to offer."""

import math
import xml.etree.ElementTree as ElementTree

import pytest

from centernet_tf.evaluation.curves import line_chart, log_ticks, nice_ticks


@pytest.mark.parametrize(
    "low, high, first, last",
    [
        (0, 1, 0, 1),
        (0.013, 0.094, 0.0, 0.1),
        (-3, 12, -5, 15),
        (1, 40, 0, 40),
        (0.5, 0.5, 0.44, 0.56),
    ],
)
def test_ticks_are_round_and_span_the_values(low, high, first, last):
    ticks = nice_ticks(low, high)
    assert ticks[0] <= low and ticks[-1] >= high
    assert 2 <= len(ticks) <= 8
    assert (ticks[0], ticks[-1]) == pytest.approx((first, last), abs=1e-9)


def test_log_ticks_are_ones_twos_and_fives_or_decades():
    assert [round(10**tick, 6) for tick in log_ticks(-0.5, 1.1)] == [0.5, 1, 2, 5, 10]
    assert log_ticks(-4.2, 3.3) == [-4, -3, -2, -1, 0, 1, 2, 3]
    assert len(log_ticks(0.31, 0.32)) >= 2


def test_chart_is_well_formed_and_draws_each_series_once():
    chart = line_chart(
        {"loss": [(1, 9.0), (2, 3.0)], "a < b": [(1, 2.0), (2, math.nan), (3, 1.0)]},
        "Loss",
        "epoch",
    )
    root = ElementTree.fromstring(chart)
    lines = list(root.iter("polyline"))
    assert [len(line.get("points").split()) for line in lines] == [2, 2]
    assert "a < b" in "".join(root.itertext())


def test_points_lie_inside_and_higher_is_higher():
    chart = line_chart({"AP": [(1, 0.1), (2, 0.9)]}, "AP", "epoch")
    (line,) = ElementTree.fromstring(chart).iter("polyline")
    (x1, y1), (x2, y2) = (map(float, point.split(",")) for point in line.get("points").split())
    assert 0 < x1 < x2 < 420
    assert 0 < y2 < y1 < 250


def test_log_axis_leaves_out_zero_and_names_real_values():
    chart = line_chart({"loss": [(1, 100.0), (2, 0.0), (3, 1.0)]}, "Loss", "epoch", log_y=True)
    root = ElementTree.fromstring(chart)
    (line,) = root.iter("polyline")
    assert len(line.get("points").split()) == 2
    texts = [text.text for text in root.iter("text")]
    assert {"1", "10", "100"} <= set(texts)


@pytest.mark.parametrize("points", [[], [(1, math.nan)], [(1, 0.5)]])
def test_no_point_or_one_is_no_fault(points):
    ElementTree.fromstring(line_chart({"AP": points}, "AP", "epoch"))
