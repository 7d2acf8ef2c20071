"""Bars are as long as their counts and carry their labels."""

import xml.etree.ElementTree as ElementTree

import pytest

from centernet_tf.evaluation.bar_chart import bar_chart, ranked_bars

NASTY = 'ring <b>&"'


def read(chart):
    """Returns bars, texts and the markers' x."""
    root = ElementTree.fromstring(chart)
    bars = [
        {k: float(bar.get(k)) for k in ("x", "y", "width", "height")} for bar in root.iter("rect")
    ]
    lines = [line for line in root.iter("line") if line.get("class") == "mark"]
    return (
        bars,
        [text.text for text in root.iter("text")],
        [float(line.get("x1")) for line in lines],
    )


def test_upright_bars_stand_on_the_axis_as_high_as_their_counts():
    bars, texts, _ = read(bar_chart([4, 0, 8], ["a", NASTY, "c"], f"Title {NASTY}", "x axis"))
    assert [bar["height"] / bars[2]["height"] for bar in bars] == pytest.approx([0.5, 0, 1])
    assert len({round(bar["y"] + bar["height"], 1) for bar in bars}) == 1
    assert bars[0]["x"] < bars[1]["x"] < bars[2]["x"]
    assert {"a", NASTY, "c", "4", "8", "x axis"} <= set(texts)
    assert all(bar["y"] > 0 for bar in bars)


def test_labels_at_edges_and_markers_between():
    chart = bar_chart(
        [1, 2], ["4", "8", "16"], "t", "px", [(0.0, "left"), (1.5, "mid"), (3, "out")]
    )
    bars, texts, marks = read(chart)
    assert {"4", "8", "16", "left", "mid"} <= set(texts) and "out" not in texts
    assert marks[0] < bars[0]["x"]
    assert marks[1] == pytest.approx(bars[1]["x"] + bars[1]["width"] / 2, abs=0.1)
    assert "8 to 16: 2" in chart


def test_crowded_labels_are_thinned_and_large_counts_left_to_the_tooltip():
    counts, labels = [12345] * 60, [f"{i}-{i + 9}" for i in range(0, 600, 10)]
    chart = bar_chart(counts, labels, "t", "x")
    bars, texts, _ = read(chart)
    assert len(bars) == 60 and 5 < len(set(texts) & set(labels)) < 20
    assert "12,345" not in texts and "590-599: 12,345" in chart


@pytest.mark.parametrize("counts", [[], [0], [0, 0], [11], [10**9, 1]])
def test_any_counts_stay_inside(counts):
    bars, _, _ = read(bar_chart(counts, ["x"] * len(counts), "t", "x"))
    assert len(bars) == len(counts)
    assert all(0 <= bar["y"] <= bar["y"] + bar["height"] <= 250 for bar in bars)


def test_lying_bars_in_order_with_colours_and_whole_names_in_the_tooltip():
    long = "a name that is much longer than fits"
    chart = ranked_bars([NASTY, long], [20, 5], "t", [(1, 2, 3), (240, 240, 240)])
    bars, texts, _ = read(chart)
    assert bars[1]["width"] / bars[0]["width"] == pytest.approx(0.25, abs=0.01)
    assert bars[0]["y"] < bars[1]["y"] and bars[0]["x"] + bars[0]["width"] < 420
    assert NASTY in texts and long not in texts and f"{long}: 5" in chart
    assert "rgb(1,2,3)" in chart and "<b>" not in chart


@pytest.mark.parametrize("counts", [[], [0, 0]])
def test_nothing_to_rank(counts):
    assert len(read(ranked_bars(["n"] * len(counts), counts, "t"))[0]) == len(counts)
