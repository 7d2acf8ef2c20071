"""coco_metrics against hand-computed values, and against pycocotools used as its manual says."""

import contextlib
import copy
import io
import json

import numpy as np
import pytest

from centernet_tf.errors import UserError
from centernet_tf.evaluation.coco_metrics import METRIC_NAMES, coco_metrics


def dataset(boxes_by_image, categories=("cat",)):
    """COCO dict from {image id: [(class index, xywh, is crowd)]}; category ids are 10, 20, ..."""
    annotations = []
    for image_id, boxes in boxes_by_image.items():
        for class_index, bbox, crowd in boxes:
            annotations.append(
                {
                    "id": len(annotations),
                    "image_id": image_id,
                    "category_id": 10 * (class_index + 1),
                    "bbox": list(bbox),
                    "area": bbox[2] * bbox[3],
                    "iscrowd": int(crowd),
                }
            )
    return {
        "images": [{"id": i, "height": 500, "width": 500} for i in boxes_by_image],
        "annotations": annotations,
        "categories": [{"id": 10 * (i + 1), "name": name} for i, name in enumerate(categories)],
    }


def found(image_id, bbox, score=0.9, category_id=10):
    return {"image_id": image_id, "category_id": category_id, "bbox": list(bbox), "score": score}


def test_perfect_detections_score_one_and_absent_sizes_minus_one():
    truth = dataset({1: [(0, (10, 10, 20, 20), False)], 2: [(0, (50, 50, 200, 200), False)]})
    metrics = coco_metrics(truth, [found(1, (10, 10, 20, 20)), found(2, (50, 50, 200, 200))])
    for name in ("AP", "AP50", "AP75", "APs", "APl", "AR1", "AR10", "AR100", "ARs", "ARl"):
        assert metrics[name] == pytest.approx(1.0), name
    assert metrics["APm"] == metrics["ARm"] == -1.0
    assert metrics["num_images"] == 2
    assert metrics["per_class"] == {
        "cat": {"AP": 1.0, "AP50": 1.0, "AP75": 1.0, "AR100": 1.0, "num_objects": 2}
    }


def test_no_detection_scores_zero():
    truth = dataset({1: [(0, (10, 10, 20, 20), False)]})
    metrics = coco_metrics(truth, [])
    assert metrics["AP"] == metrics["AR100"] == metrics["APs"] == 0.0
    assert metrics["APl"] == -1.0


def test_no_object_and_no_detection_is_undefined():
    metrics = coco_metrics(dataset({1: [], 2: []}), [])
    assert [metrics[name] for name in METRIC_NAMES] == [-1.0] * 12
    assert metrics["num_images"] == 2


def test_missing_every_object_of_an_undetected_image_halves_recall():
    box = (10, 10, 100, 100)
    truth = dataset({1: [(0, box, False)], 2: [(0, box, False)]})
    metrics = coco_metrics(truth, [found(1, box)])
    assert metrics["AR100"] == pytest.approx(0.5)
    # Precision is 1 at the 51 of 101 recalls up to one half.
    assert metrics["AP"] == pytest.approx(51 / 101)


def test_a_false_alarm_ranked_first_halves_precision():
    box = (10, 10, 100, 100)
    truth = dataset({1: [(0, box, False)], 2: []})
    metrics = coco_metrics(truth, [found(2, box, 0.95), found(1, box, 0.9)])
    assert metrics["AP"] == pytest.approx(0.5)
    assert metrics["AR1"] == pytest.approx(1.0)


def test_a_shifted_box_counts_up_to_its_overlap():
    # IoU = 80 / 120 = 0.667: right at the thresholds 0.50, 0.55, 0.60 and 0.65 of ten.
    truth = dataset({1: [(0, (0, 0, 100, 100), False)]})
    metrics = coco_metrics(truth, [found(1, (20, 0, 100, 100))])
    assert (metrics["AP50"], metrics["AP75"]) == pytest.approx((1.0, 0.0))
    assert metrics["AP"] == pytest.approx(0.4)


def test_detections_in_a_crowd_are_neither_right_nor_wrong():
    box = (10, 10, 50, 50)
    truth = dataset({1: [(0, box, False), (0, (200, 200, 200, 200), True)]})
    inside = [found(1, (200 + 20 * i, 250, 30, 30), 0.99 - 0.01 * i) for i in range(5)]
    metrics = coco_metrics(truth, [*inside, found(1, box, 0.5)])
    assert metrics["AP"] == pytest.approx(1.0)
    assert metrics["num_objects"] == 1


def test_only_the_best_hundred_of_an_image_count():
    boxes = [(20.0 * (i % 20), 20.0 * (i // 20), 15.0, 15.0) for i in range(150)]
    truth = dataset({1: [(0, box, False) for box in boxes]})
    detections = [found(1, box, 1.0 - 0.001 * i) for i, box in enumerate(boxes)]
    metrics = coco_metrics(truth, detections)
    assert metrics["AR100"] == pytest.approx(100 / 150)
    assert metrics["AR10"] == pytest.approx(10 / 150)


def test_classes_are_kept_apart_and_named():
    box = (10, 10, 100, 100)
    truth = dataset({1: [(0, box, False)], 2: [(1, box, False)]}, ("cat", "dog", "emu"))
    metrics = coco_metrics(truth, [found(1, box), found(2, box, category_id=10)])
    assert metrics["per_class"]["cat"]["AP50"] == pytest.approx(1.0)
    assert metrics["per_class"]["dog"]["AP"] == 0.0
    assert metrics["per_class"]["emu"]["AP"] == -1.0
    assert metrics["AP50"] == pytest.approx(0.5)


def test_two_categories_of_one_name_stay_two_rows():
    truth = dataset({1: [(0, (1, 1, 9, 9), False)]}, ("cat", "cat"))
    assert list(coco_metrics(truth, [])["per_class"]) == ["cat (10)", "cat (20)"]


def test_area_and_crowd_may_be_missing():
    truth = dataset({1: [(0, (10, 10, 20, 20), False)]})
    del truth["annotations"][0]["area"], truth["annotations"][0]["iscrowd"]
    assert coco_metrics(truth, [found(1, (10, 10, 20, 20))])["APs"] == pytest.approx(1.0)


def test_arguments_are_unchanged_and_nothing_is_printed(capsys):
    truth = dataset({1: [(0, (10, 10, 20, 20), False)]})
    detections = [found(1, (10, 10, 20, 20))]
    before = copy.deepcopy((truth, detections))
    coco_metrics(truth, detections)
    assert (truth, detections) == before
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "detection, words",
    [(found(7, (0, 0, 1, 1)), "image_id 7"), (found(1, (0, 0, 1, 1), 1, 99), "category_id 99")],
)
def test_foreign_ids_are_refused(detection, words):
    with pytest.raises(UserError, match=words):
        coco_metrics(dataset({1: []}), [detection])


def test_equals_pycocotools_called_directly_on_the_files(tmp_path, rng):
    truth, detections = random_case(rng)
    for name, value in (("truth", truth), ("found", detections)):
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(tmp_path / "truth.json"))
        evaluator = COCOeval(coco, coco.loadRes(str(tmp_path / "found.json")), "bbox")
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    metrics = coco_metrics(truth, detections)
    np.testing.assert_array_equal([metrics[name] for name in METRIC_NAMES], evaluator.stats)
    assert 0.05 < metrics["AP"] < 0.95
    class_aps = [row["AP"] for row in metrics["per_class"].values()]
    assert np.mean(class_aps) == pytest.approx(metrics["AP"])


def random_case(rng):
    """Twenty images of jittered detections, false alarms, tied scores, crowds and empty images."""
    boxes, detections = {}, []
    for image_id in range(1, 21):
        count = int(rng.integers(0, 8))
        corners, sides = rng.uniform(0, 250, [count, 2]), rng.uniform(8, 200, [count, 2])
        boxes[image_id] = []
        for xywh in np.concatenate([corners, sides], 1):
            class_index = int(rng.integers(3))
            boxes[image_id].append((class_index, xywh.tolist(), rng.random() < 0.1))
            for _ in range(int(rng.integers(0, 3))):
                moved = (xywh * rng.uniform(0.9, 1.1, 4)).tolist()
                score = round(float(rng.random()), 1)
                detections.append(found(image_id, moved, score, 10 * (class_index + 1)))
    truth = dataset(boxes, ("a", "b", "c"))
    for entry in truth["annotations"]:
        entry["id"] += 1
    return truth, detections
