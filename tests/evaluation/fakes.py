"""A detector and a data set small enough to know every answer of."""

import types

import numpy as np
import tensorflow as tf

from centernet_tf.data.annotations import Category
from centernet_tf.data.manifest import Manifest, Split
from centernet_tf.ops.detections import Detections

CATEGORIES = (Category(3, "cell"), Category(7, "platelet"))


class FakeDetector:
    """Its 'maps' are the boxes themselves, so that what comes out is known."""

    def decode(self, outputs):
        boxes = outputs["boxes"]
        batch, rows = tf.shape(boxes)[0], boxes.shape[1]
        return Detections(
            boxes=boxes,
            scores=tf.tile([[0.9, 0.5, 0.0]], [batch, 1])[:, :rows],
            classes=tf.tile([[0, 1, 0]], [batch, 1])[:, :rows],
            count=tf.fill([batch], 2),
        )


def fake_network(images, training):
    """Two boxes, whatever the image; half precision, as a mixed policy would give."""
    assert training is False
    boxes = tf.constant([[[8.0, 4.0, 24.0, 14.0], [40, 30, 50, 60], [0, 0, 0, 0]]], tf.float16)
    return {"boxes": tf.tile(boxes, [tf.shape(images)[0], 1, 1])}


def batches(image_ids=(11, 12, 13), batch_size=2):
    """What `eval_dataset` would yield: images of half the input's scale, shifted 4 px down."""
    for start in range(0, len(image_ids), batch_size):
        ids = list(image_ids[start : start + batch_size])
        missing = batch_size - len(ids)
        yield {
            "image": tf.zeros([batch_size, 64, 64, 3]),
            "transform": tf.tile([[2.0, 4.0, 0.0]], [batch_size, 1]),
            "image_id": tf.constant(ids + [0] * missing, tf.int64),
            "valid": tf.constant([True] * len(ids) + [False] * missing),
        }


def annotations(image_ids=(11, 12, 13)):
    """One cell an image, where `fake_network` finds it, and one crowd of platelets elsewhere."""
    cell = types.SimpleNamespace(
        box_px=(2.0, 2.0, 10.0, 7.0), category_id=3, is_crowd=False, area=40.0, difficult=False
    )
    crowd = types.SimpleNamespace(
        box_px=np.float32([15, 10, 25, 40]),
        category_id=7,
        is_crowd=True,
        area=300.0,
        difficult=False,
    )
    return [
        types.SimpleNamespace(
            image_id=i, file_name=f"{i}.jpg", path="", height=30, width=32, boxes=(cell, crowd)
        )
        for i in image_ids
    ]


def manifest(categories=CATEGORIES):
    """Of three images, whose records are nowhere."""
    return Manifest("some/data", categories, {"val": Split("val", 3, 6, [], [], [])}, {})
