"""Comparing two runs of a detector."""

import numpy as np
import pytest

from centernet_tf.errors import UserError
from centernet_tf.export.comparison import Difference, Tolerance, compare, require_tolerable, worst
from centernet_tf.ops.detections import Detections


def detections(boxes, scores, classes):
    return Detections(
        np.float32(boxes).reshape(-1, 4), np.float32(scores), np.int32(classes), len(scores)
    )


ONE = detections([[0, 0, 10, 10], [20, 20, 40, 50], [5, 5, 9, 9]], [0.9, 0.5, 0.2], [0, 1, 1])


def test_measures_the_largest_differences():
    moved = ONE._replace(boxes=ONE.boxes + np.float32(0.05), scores=ONE.scores - np.float32(5e-4))
    difference = compare([ONE, ONE], [ONE, moved])
    assert difference.box_px == pytest.approx(0.05, abs=1e-5)
    assert difference.score == pytest.approx(5e-4, abs=1e-6)
    assert (difference.num_images, difference.num_detections) == (2, 6)
    assert difference.is_tolerable


def test_the_worst_of_several_runs_counts_one_of_them():
    runs = [Difference(0.02, 1e-5, 4, 30), Difference(0.01, 2e-5, 4, 29)]
    assert worst(runs) == Difference(0.02, 2e-5, 4, 29)
    assert not worst([runs[0], Difference(float("nan"), 0.0, 4, 30)]).is_tolerable


def test_nearly_equal_scores_may_change_places():
    boxes = [[0, 0, 10, 10], [20, 20, 40, 50], [5, 5, 9, 9]]
    one = detections(boxes, [0.90001, 0.90000, 0.2], [0, 1, 1])
    other = detections([boxes[1], boxes[0], boxes[2]], [0.90001, 0.90000, 0.2], [1, 0, 1])
    assert compare([one], [other]).is_tolerable


def test_the_last_row_may_be_cut_off_differently():
    other = detections(np.append(ONE.boxes[:2], [[60, 60, 70, 70]], 0), [0.9, 0.5, 0.2], [0, 1, 0])
    assert compare([ONE], [other]).is_tolerable


@pytest.mark.parametrize(
    "other",
    [
        ONE._replace(boxes=ONE.boxes + np.float32([0, 0, 0, 0.2])),
        ONE._replace(scores=ONE.scores + np.float32(0.01)),
        ONE._replace(boxes=ONE.boxes * np.float32(np.nan)),
        ONE._replace(classes=np.int32([1, 1, 1])),
        detections([], [], []),
        detections(ONE.boxes[1:], ONE.scores[1:], ONE.classes[1:]),
    ],
    ids=["box", "score", "not a number", "class", "nothing found", "first one missing"],
)
def test_refuses_what_differs(other):
    for pair in (([ONE], [other]), ([other], [ONE])):
        difference = compare(*pair)
        assert not difference.is_tolerable
        with pytest.raises(UserError, match="The thing differs .* on 1 image"):
            require_tolerable(difference, "thing", "1 image")


def test_one_peak_more_among_the_low_ones_moves_no_rank_that_counts():
    tolerance = Tolerance(box_px=1.0, score=0.02, lowest_score=0.3)
    one = detections(np.zeros([4, 4]), [0.9, 0.25, 0.2, 0.1], [0] * 4)
    other = detections(np.zeros([5, 4]), [0.9, 0.28, 0.25, 0.2, 0.1], [0] * 5)
    assert compare([one], [other], tolerance).is_within(tolerance)
    assert not compare([one], [other]).is_tolerable
    high = detections(np.zeros([5, 4]), [0.9, 0.5, 0.25, 0.2, 0.1], [0] * 5)
    assert not compare([one], [high], tolerance).is_within(tolerance)


def test_two_empty_runs_agree():
    nothing = detections([], [], [])
    assert compare([nothing], [nothing]) == Difference(0.0, 0.0, 1, 0)


def test_scores_that_all_look_alike_are_compared_by_rank():
    one = detections(np.zeros([5, 4]), [0.1] * 5, [0] * 5)
    other = detections(np.full([5, 4], 9), [0.15] * 5, [1] * 5)
    assert compare([one], [other]).score == pytest.approx(0.05)
