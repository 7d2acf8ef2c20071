"""Annotations become a COCO data set that pycocotools scores as meant."""

import json

from centernet_tf.evaluation.coco_metrics import coco_metrics
from centernet_tf.evaluation.ground_truth import coco_ground_truth
from tests.evaluation import fakes


def test_boxes_ids_crowds_and_areas():
    truth = coco_ground_truth(fakes.annotations([11, 12]), fakes.CATEGORIES)
    assert truth["images"][0] == {"id": 11, "file_name": "11.jpg", "height": 30, "width": 32}
    assert truth["categories"] == [{"id": 3, "name": "cell"}, {"id": 7, "name": "platelet"}]
    assert [row["id"] for row in truth["annotations"]] == [1, 2, 3, 4]
    assert truth["annotations"][3] == {
        "id": 4,
        "image_id": 12,
        "category_id": 7,
        "bbox": [10.0, 15.0, 30.0, 10.0],
        "area": 300.0,
        "iscrowd": 1,
    }


def test_is_json_and_images_without_objects_count():
    images = fakes.annotations([1, 2])
    images[1].boxes = ()
    truth = json.loads(json.dumps(coco_ground_truth(images, fakes.CATEGORIES)))
    metrics = coco_metrics(truth, [])
    assert (metrics["num_images"], metrics["num_objects"], metrics["AP"]) == (2, 1, 0.0)
