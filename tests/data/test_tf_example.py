"""Records hold exactly the keys of the Object Detection API's schema."""

import hashlib

import tensorflow as tf

from centernet_tf.data.annotations import BoxAnnotation, ImageAnnotation
from centernet_tf.data.image_check import CheckedImage
from centernet_tf.data.tf_example import serialize_example

KEYS = {
    "image/encoded",
    "image/format",
    "image/filename",
    "image/source_id",
    "image/key/sha256",
    "image/height",
    "image/width",
    "image/object/bbox/xmin",
    "image/object/bbox/xmax",
    "image/object/bbox/ymin",
    "image/object/bbox/ymax",
    "image/object/class/text",
    "image/object/class/label",
    "image/object/is_crowd",
    "image/object/area",
    "image/object/difficult",
}


def serialize(boxes=()):
    image = ImageAnnotation(12, "grün/a b.jpg", "", 0, 0, ())
    checked = CheckedImage(b"pixels", "jpeg", 20, 50, 1, "")
    return serialize_example(image, checked, boxes, {7: "löwe"})


def features(record):
    return {
        key: list(getattr(feature, feature.WhichOneof("kind")).value)
        for key, feature in tf.train.Example.FromString(record).features.feature.items()
    }


def test_schema():
    box = BoxAnnotation((5.0, 10.0, 15.0, 20.0), 7, is_crowd=True, area=31.5, difficult=True)
    found = features(serialize([box]))
    assert set(found) == KEYS
    assert found["image/encoded"] == [b"pixels"] and found["image/format"] == [b"jpeg"]
    assert found["image/key/sha256"] == [hashlib.sha256(b"pixels").hexdigest().encode()]
    assert found["image/filename"] == ["grün/a b.jpg".encode()]
    assert found["image/source_id"] == [b"12"]
    assert (found["image/height"], found["image/width"]) == ([20], [50])
    corners = [found[f"image/object/bbox/{key}"][0] for key in ("ymin", "xmin", "ymax", "xmax")]
    assert corners == [0.25, tf.constant(0.2).numpy(), 0.75, tf.constant(0.4).numpy()]
    assert found["image/object/class/label"] == [7]
    assert found["image/object/class/text"] == ["löwe".encode()]
    assert found["image/object/area"] == [31.5]
    assert found["image/object/is_crowd"] == [1] and found["image/object/difficult"] == [1]


def test_images_without_boxes_have_empty_lists():
    found = features(serialize())
    assert set(found) == KEYS
    assert all(found[key] == [] for key in KEYS if "object" in key)


def test_same_input_gives_same_bytes():
    assert len({serialize() for _ in range(5)}) == 1
