"""Bins and thresholds against loops."""

import numpy as np
import pytest

from centernet_tf.evaluation.calibration import (
    ScoreBin,
    best_operating_point,
    calibration_error,
    reliability,
)


def test_bins_equal_a_loop(rng):
    scores = np.append(rng.random(200) ** 2, [0.0, 0.1, 1.0])
    right = rng.random(203) < scores
    bins = reliability(scores, right)
    expected = []
    for place in range(10):
        inside = [
            (score, good) for score, good in zip(scores, right) if place == min(int(score * 10), 9)
        ]
        if inside:
            means = np.mean([score for score, _ in inside]), np.mean([good for _, good in inside])
            expected.append((place / 10, (place + 1) / 10, len(inside), *means))
    for one, other in zip(bins, expected, strict=True):
        assert one == pytest.approx(other)
    distance = sum(b.count * abs(b.mean_score - b.precision) for b in bins) / 203
    assert calibration_error(bins) == pytest.approx(distance)


def test_perfect_and_hopeless_calibration():
    assert calibration_error([ScoreBin(0.2, 0.3, 7, 0.25, 0.25)]) == 0.0
    assert calibration_error([ScoreBin(0.9, 1.0, 5, 1.0, 0.0)]) == 1.0
    assert reliability([], []) == [] and calibration_error([]) == 0.0


@pytest.mark.parametrize("decimals", [1, 6])
def test_the_threshold_of_best_f1_equals_a_loop(rng, decimals):
    for _ in range(20):
        scores = np.round(rng.random(30), decimals)
        right = rng.random(30) < 0.2 + 0.6 * scores
        point = best_operating_point(scores, right, 40)
        f1 = {}
        for threshold in scores:
            taken = scores >= threshold
            f1[threshold] = 2 * (right & taken).sum() / (taken.sum() + 40)
        assert point.f1 == pytest.approx(max(f1.values()))
        assert f1[point.threshold] == pytest.approx(point.f1)
        taken = scores >= point.threshold
        assert point.precision == pytest.approx(right[taken].mean())
        assert point.recall == pytest.approx(right[taken].sum() / 40)


def test_nothing_right_has_no_threshold():
    for scores, right, objects in (([], [], 3), ([0.5], [False], 3), ([0.5], [False], 0)):
        assert best_operating_point(scores, right, objects) == (0.3, 0.0, 0.0, 0.0)
