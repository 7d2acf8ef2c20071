"""Confusion and errors by size: a scene of which every answer is known, and loops."""

import numpy as np

from centernet_tf.evaluation.errors import SizeErrors, confusion, errors_by_size, image_errors
from centernet_tf.evaluation.matching import NOTHING, match
from centernet_tf.evaluation.scenes import make_scenes
from tests.evaluation.test_coco_metrics import dataset, found, random_case

SMALL, MEDIUM, LARGE = (0, 0, 10, 10), (50, 50, 40, 40), (150, 150, 200, 200)


def known():
    """A found right, B taken for C, C missed, a crowd; one detection of nothing, one in the crowd,
    one right but weak."""
    truth = dataset(
        {
            1: [(0, SMALL, False), (1, MEDIUM, False), (2, LARGE, False)],
            2: [(0, LARGE, True), (2, MEDIUM, False)],
        },
        ("a", "b", "c"),
    )
    detections = [
        found(1, SMALL, 0.9, 10),
        found(1, MEDIUM, 0.8, 30),
        found(1, (400, 400, 35, 35), 0.7, 20),
        found(2, (200, 200, 30, 30), 0.9, 10),
        found(2, MEDIUM, 0.1, 30),
    ]
    return make_scenes(truth, detections)


def test_every_answer_of_a_known_scene():
    scenes = known()
    anything = [match(s, by_class=False, chosen=s.found_scores >= 0.5) for s in scenes]
    assert confusion(scenes, anything, 0.5, 3).tolist() == [
        [1, 0, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 2],
        [0, 1, 0, 0],
    ]
    matches = [match(scene) for scene in scenes]
    assert errors_by_size(scenes, matches, 0.5) == [
        SizeErrors("small", 1, 0, 2, 0),
        SizeErrors("medium", 2, 2, 2, 2),
        SizeErrors("large", 1, 1, 0, 0),
    ]
    first, second = (image_errors(s, m, 0.5) for s, m in zip(scenes, matches))
    assert first == (1, 2, 2) and first.f1 == 1 / 3
    assert second == (0, 1, 0) and second.f1 == 0.0
    assert image_errors(scenes[1], matches[1], 0.1) == (1, 0, 0)


def test_nothing_to_find_and_nothing_found_is_perfect():
    (scene,) = make_scenes(dataset({1: []}), [found(1, SMALL, 0.2)])
    assert image_errors(scene, match(scene), 0.5).f1 == 1.0
    assert image_errors(scene, match(scene), 0.1).f1 == 0.0


def test_confusion_equals_a_loop_and_adds_up(rng):
    scenes = make_scenes(*random_case(rng))
    matches = [match(s, by_class=False, chosen=s.found_scores >= 0.4) for s in scenes]
    counts = confusion(scenes, matches, 0.4, 3)
    expected = np.zeros([4, 4], int)
    objects = 0
    for scene, found_objects in zip(scenes, matches):
        left = {i for i, crowd in enumerate(scene.truth_crowd) if not crowd}
        objects += len(left)
        for j, i in enumerate(found_objects):
            if i >= 0:
                expected[scene.truth_classes[i], scene.found_classes[j]] += 1
                left.discard(i)
            elif i == NOTHING and scene.found_scores[j] >= 0.4:
                expected[3, scene.found_classes[j]] += 1
        for i in left:
            expected[scene.truth_classes[i], 3] += 1
    np.testing.assert_array_equal(counts, expected)
    assert counts[:3].sum() == objects and counts[3].sum() > 0


def test_sizes_add_up(rng):
    scenes = make_scenes(*random_case(rng))
    matches = [match(scene) for scene in scenes]
    sizes = errors_by_size(scenes, matches, 0.3)
    images = [image_errors(s, m, 0.3) for s, m in zip(scenes, matches)]
    assert sum(each.missed for each in sizes) == sum(each.missed for each in images) > 0
    assert sum(each.hallucinated for each in sizes) == sum(i.hallucinated for i in images) > 0
    assert sum(each.objects - each.missed for each in sizes) == sum(each.right for each in images)
    assert sum(each.detections for each in sizes) == sum(
        np.sum(s.found_scores >= 0.3) for s in scenes
    )
