"""COCO's rows become arrays of each image."""

import numpy as np

from centernet_tf.evaluation.scenes import make_scenes
from tests.evaluation.test_coco_metrics import dataset, found


def test_rows_become_arrays_best_first():
    truth = dataset({7: [(1, (10, 20, 30, 40), True)], 3: []}, ("a", "b"))
    truth["images"][0]["file_name"] = "seven.jpg"
    del truth["annotations"][0]["area"]
    detections = [found(7, (1, 2, 3, 4), 0.2, 20), found(7, (5, 6, 7, 8), 0.9, 10)]
    first, second = make_scenes(truth, detections)
    assert (first.image_id, first.file_name, second.image_id) == (7, "seven.jpg", 3)
    assert first.truth_boxes.tolist() == [[20, 10, 60, 40]] and first.truth_areas == [1200.0]
    assert first.truth_crowd.tolist() == [True] and first.truth_classes.tolist() == [1]
    assert first.found_boxes.tolist() == [[6, 5, 14, 12], [2, 1, 6, 4]]
    assert first.found_classes.tolist() == [0, 1] and first.found_scores.tolist() == [0.9, 0.2]
    assert second.truth_boxes.shape == second.found_boxes.shape == (0, 4)


def test_only_the_best_count():
    detections = [found(1, (i, 0, 9, 9), i / 200) for i in range(150)]
    (scene,) = make_scenes(dataset({1: []}), detections)
    np.testing.assert_allclose(scene.found_scores, np.arange(149, 49, -1) / 200)
