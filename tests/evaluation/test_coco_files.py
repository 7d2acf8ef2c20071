"""COCO's files are read as they are, or refused in one sentence."""

import json
import math

import pytest

from centernet_tf.data.annotations import Category
from centernet_tf.errors import UserError
from centernet_tf.evaluation.coco_files import (
    check_same_categories,
    read_detections,
    read_ground_truth,
)
from centernet_tf.evaluation.coco_metrics import coco_metrics
from tests.evaluation.test_coco_metrics import dataset, found

BOX = (10, 10, 50, 50)


def write(folder, value, name="file.json"):
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return str(path)


def test_a_whole_file_is_read_without_outlines(tmp_path):
    truth = dataset({1: [(0, BOX, False)], 2: [(0, BOX, True)]})
    truth["annotations"][0]["segmentation"] = [[1, 2, 3, 4, 5, 6]]
    read = read_ground_truth(write(tmp_path, {"info": {}, **truth}))
    truth["annotations"][0].pop("segmentation")
    assert read == truth


def test_crowds_are_told_by_numbers_or_truth_values_and_null_is_none(tmp_path):
    truth = dataset({1: [(0, BOX, False)] * 5})
    for entry, value in zip(truth["annotations"], (None, False, True, 1, 0)):
        entry["iscrowd"] = value
    read = read_ground_truth(write(tmp_path, truth))
    assert [entry["iscrowd"] for entry in read["annotations"]] == [0, 0, 1, 1, 0]
    assert coco_metrics(read, [])["num_objects"] == 3


def test_annotations_of_what_is_not_listed_do_not_count(tmp_path):
    truth = dataset({1: [(0, BOX, False)], 2: [(1, BOX, False)], 3: []}, ("a", "b"))
    truth["images"] = [image for image in truth["images"] if image["id"] != 2]
    truth["annotations"].append({"id": 9, "image_id": 1, "category_id": 77, "bbox": list(BOX)})
    metrics = coco_metrics(read_ground_truth(write(tmp_path, truth)), [found(1, BOX)])
    assert (metrics["num_images"], metrics["num_objects"]) == (2, 1)
    assert metrics["AP"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda t: t["images"].append({"file_name": "x.jpg"}), "entry of 'images'"),
        (lambda t: t["categories"].append({"id": 5}), "entry of 'categories'.*or a name"),
        (lambda t: t["images"].append(t["images"][0]), "stands twice in 'images'"),
        (lambda t: t["annotations"].append({"image_id": 1, "category_id": 10}), "'bbox' of four"),
        (lambda t: t["annotations"][0].update(bbox=[1, 2, "3", 4]), "'bbox' of four"),
        (lambda t: t["annotations"][0].update(area=None), "'area' that is one"),
        (lambda t: t["annotations"].append(7), "'bbox' of four"),
        (lambda t: t["annotations"][0].update(bbox=[1, 2, math.nan, 4]), "'bbox' of four"),
        (lambda t: t["annotations"][0].update(bbox=[1, 2, 10**400, 4]), "'bbox' of four"),
        (lambda t: t["annotations"][0].update(area=math.inf), "'area' that is one"),
        (lambda t: t["annotations"][0].update(iscrowd="yes"), "0 or 1, got 'yes'"),
        (lambda t: t["annotations"][0].update(iscrowd=2), "0 or 1, got 2"),
        (lambda t: t.pop("categories"), "not a COCO annotation file"),
    ],
)
def test_what_cannot_be_scored_against_is_named(tmp_path, change, words):
    truth = dataset({1: [(0, BOX, False)]})
    change(truth)
    with pytest.raises(UserError, match=words):
        read_ground_truth(write(tmp_path, truth))


def test_detections_are_read_as_they_are(tmp_path):
    rows = [found(1, (1.5, 2, 3, 4), 1), {**found(2, BOX), "segmentation": {}}]
    assert read_detections(write(tmp_path, rows)) == rows
    assert read_detections(write(tmp_path, [])) == []


@pytest.mark.parametrize(
    "value, words",
    [
        ("{", "not valid JSON"),
        ({"annotations": []}, "a JSON dict where COCO results are a list"),
        ([{"image_id": 1}], "holds no detection of a box"),
        ([found(1, (1, 2, 3))], "four numbers"),
        ([{**found(1, BOX), "score": "0.5"}], "score"),
        ([{**found(1, BOX), "score": math.nan}], "score"),
        ([found(1, (1, 2, math.inf, 3))], "four numbers"),
        ([{**found(1, BOX), "image_id": "a"}], "image_id"),
        (["x"], "'x'"),
    ],
)
def test_other_detections_are_refused(tmp_path, value, words):
    with pytest.raises(UserError, match=words):
        read_detections(write(tmp_path, value))


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="Cannot read the detections.*No such file"):
        read_detections(str(tmp_path / "none.json"))


def test_categories_must_be_the_models():
    truth = dataset({1: []}, ("a", "b"))
    check_same_categories([Category(20, "b"), Category(10, "a")], truth, "x.json")
    for categories, words in (
        ([Category(10, "a")], "id 20 is 'b' in 'x.json' and missing in the model"),
        ([Category(10, "a"), Category(20, "c")], "id 20 is 'b' in 'x.json' and 'c' in the model"),
        ([Category(i, n) for i, n in ((10, "a"), (20, "b"), (30, "c"))], "id 30 is missing in"),
    ):
        with pytest.raises(UserError, match=words):
            check_same_categories(categories, truth, "x.json")
