"""Matching against a loop, and against pycocotools' own matches."""

import contextlib
import io

import numpy as np
import pytest

from centernet_tf.evaluation.matching import IN_CROWD, NOTHING, box_overlaps, match
from centernet_tf.evaluation.scenes import make_scenes
from tests.evaluation.test_coco_metrics import dataset, found, random_case


def naive_overlap(found_box, truth_box, crowd):
    height = min(found_box[2], truth_box[2]) - max(found_box[0], truth_box[0])
    width = min(found_box[3], truth_box[3]) - max(found_box[1], truth_box[1])
    shared = max(height, 0) * max(width, 0)
    area, other = ((b[2] - b[0]) * (b[3] - b[1]) for b in (found_box, truth_box))
    return shared / (area if crowd else area + other - shared)


def naive_match(scene, by_class, iou, chosen):
    result, taken = [], set()
    for j, box in enumerate(scene.found_boxes):
        best, best_overlap, crowd = NOTHING, iou, False
        for i, other in enumerate(scene.truth_boxes):
            if by_class and scene.truth_classes[i] != scene.found_classes[j]:
                continue
            overlap = naive_overlap(box, other, scene.truth_crowd[i])
            if scene.truth_crowd[i]:
                crowd |= overlap >= iou
            elif i not in taken and overlap >= iou and (best == NOTHING or overlap > best_overlap):
                best, best_overlap = i, overlap
        if not chosen[j]:
            best, crowd = NOTHING, False
        taken.add(best)
        result.append(IN_CROWD if best == NOTHING and crowd else best)
    return result


@pytest.mark.parametrize("by_class", [True, False])
@pytest.mark.parametrize("iou", [0.5, 0.75])
def test_equals_a_loop(rng, by_class, iou):
    matched = set()
    for scene in make_scenes(*random_case(rng)):
        chosen = scene.found_scores >= 0.3
        result = match(scene, by_class, iou, chosen).tolist()
        assert result == naive_match(scene, by_class, iou, chosen)
        matched.update(result)
    assert {NOTHING, IN_CROWD, 0, 1} <= matched


def test_equals_pycocotools(rng):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth, detections = random_case(rng)
    # Equal scores may come in any order.
    for index, row in enumerate(detections):
        row["score"] += 1e-6 * index
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        evaluator = COCOeval(coco, coco.loadRes([dict(row) for row in detections]), "bbox")
        evaluator.evaluate()
    right = set()
    for entry in evaluator.evalImgs:
        if entry and entry["aRng"] == [0, 1e10]:
            for place in np.flatnonzero((entry["dtMatches"][0] > 0) & ~entry["dtIgnore"][0]):
                right.add((entry["image_id"], entry["dtScores"][place]))
    ours = set()
    for scene in make_scenes(truth, detections):
        ours |= {(scene.image_id, score) for score in scene.found_scores[match(scene) >= 0]}
    assert ours == right and len(right) > 20


def test_an_object_is_found_once_by_the_better_detection():
    box = (10, 10, 50, 50)
    (scene,) = make_scenes(
        dataset({1: [(0, box, False)]}), [found(1, (12, 10, 50, 50), 0.4), found(1, box, 0.3)]
    )
    assert match(scene).tolist() == [0, NOTHING]


def test_without_objects_or_detections():
    scenes = make_scenes(dataset({1: [], 2: [(0, (1, 1, 5, 5), False)]}), [found(1, (1, 1, 2, 2))])
    assert [match(scene).tolist() for scene in scenes] == [[NOTHING], []]
    none = np.zeros([0, 4])
    assert box_overlaps(none, none, np.zeros(0, bool)).shape == (0, 0)


def test_boxes_without_extent_overlap_nothing():
    flat = np.float64([[5, 5, 5, 9]])
    assert box_overlaps(flat, flat, np.array([False])).tolist() == [[0.0]]
