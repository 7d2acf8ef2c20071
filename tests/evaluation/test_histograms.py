"""Bins hold what lies between their edges."""

import math

import pytest

from centernet_tf.evaluation.histograms import count_histogram, log2_histogram


@pytest.mark.parametrize("per_octave, centered", [(1, False), (2, False), (2, True), (1, True)])
def test_log2_bins_against_a_count_of_each(rng, per_octave, centered):
    values = rng.lognormal(3, 1.5, 300)
    found = log2_histogram(values, per_octave, centered)
    assert sum(found.counts) == 300 and len(found.log2_edges) == len(found.counts) + 1
    assert found.counts[0] > 0 and found.counts[-1] > 0
    for count, low, high in zip(found.counts, found.log2_edges, found.log2_edges[1:]):
        assert high - low == pytest.approx(1 / per_octave)
        assert count == sum(2.0**low <= value < 2.0**high for value in values)
    # One lies on an edge, or in the middle of a bin.
    on_edge = found.position(1.0) % 1
    assert on_edge == pytest.approx(0.5 if centered else 0.0)


def test_powers_of_two_open_their_bin():
    found = log2_histogram([4, 7.9, 8, 16])
    assert found == ([2, 1, 1], [2.0, 3.0, 4.0, 5.0])
    assert found.position(4) == 0 and found.position(16) == 2
    assert found.position(math.sqrt(128)) == pytest.approx(1.5)


def test_no_value_is_one_empty_bin():
    assert log2_histogram([]).counts == [0]
    assert count_histogram([]).counts == [0]


def test_counts_one_by_one():
    assert count_histogram([0, 3, 3, 1]) == ([1, 1, 0, 2], ["0", "1", "2", "3"])


def test_many_counts_share_bars(rng):
    values = rng.integers(0, 200, 500)
    counts, labels = count_histogram(values, max_bars=30)
    assert len(counts) == len(labels) <= 30 and sum(counts) == 500
    assert labels[1] == "10-19"
    for count, label in zip(counts, labels):
        low, high = map(int, label.split("-"))
        assert count == sum(low <= value <= high for value in values)
