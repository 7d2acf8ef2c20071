"""The parts fit together, and images are ranked by what went wrong in them."""

import numpy as np
import pytest

from centernet_tf.evaluation.diagnosis import diagnose, worst_and_best
from centernet_tf.evaluation.errors import ImageErrors
from centernet_tf.evaluation.shown_score import SHOWN_SCORE
from tests.evaluation.test_coco_metrics import dataset, found, random_case


def test_numbers_of_the_parts_agree(rng):
    truth, detections = random_case(rng)
    found_out = diagnose(truth, detections)
    objects = sum(not entry["iscrowd"] for entry in truth["annotations"])
    assert found_out.confusion[:-1].sum() == objects
    right = sum(each.right for each in found_out.images)
    assert found_out.point.recall == pytest.approx(right / objects)
    wrong = sum(each.hallucinated for each in found_out.images)
    assert found_out.point.precision == pytest.approx(right / (right + wrong))
    assert sum(each.count for each in found_out.bins) <= len(detections)
    assert len(found_out.scenes) == len(found_out.images) == 20


def test_detections_in_crowds_say_nothing_of_the_score():
    truth = dataset({1: [(0, (0, 0, 200, 200), True), (0, (300, 300, 50, 50), False)]})
    detections = [found(1, (10, 10, 30, 30), 0.9), found(1, (300, 300, 50, 50), 0.35)]
    (only,) = diagnose(truth, detections).bins
    assert (only.count, only.precision, only.mean_score) == (1, 1.0, 0.35)


def test_nothing_found_and_nothing_there():
    for truth in (dataset({1: [(0, (1, 1, 9, 9), False)]}), dataset({1: []}), dataset({})):
        nothing = diagnose(truth, [])
        assert nothing.bins == [] and nothing.point.threshold == SHOWN_SCORE
        assert nothing.confusion.tolist()[1] == [0, 0]


def test_worst_and_best_images():
    images = [
        ImageErrors(3, 0, 0),
        ImageErrors(0, 2, 0),
        ImageErrors(9, 0, 0),
        ImageErrors(0, 5, 1),
        ImageErrors(4, 1, 1),
    ]
    assert worst_and_best(images, 2) == ([3, 1], [2, 0])
    worst, best = worst_and_best(images, 9)
    assert (worst, best) == ([3, 1], [2, 0])
    assert worst_and_best(images[:1], 3) == ([0], []) and worst_and_best([], 3) == ([], [])
    assert not set(worst) & set(best) and np.mean([images[i].f1 for i in best]) == 1.0
