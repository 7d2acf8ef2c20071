"""One image and its boxes as a `tf.train.Example` of the Object Detection API's schema."""

import hashlib
from typing import Mapping, Sequence

import tensorflow as tf

from centernet_tf.data.annotations import BoxAnnotation, ImageAnnotation
from centernet_tf.data.image_check import CheckedImage


def serialize_example(
    image: ImageAnnotation,
    checked: CheckedImage,
    boxes: Sequence[BoxAnnotation],
    names: Mapping[int, str],
    num_keypoints: int = 0,
) -> bytes:
    """Returns the serialised record; the same input gives the same bytes.

    Args:
      image: gives id and file name.
      checked: gives pixels and size.
      boxes: pixels of `checked`; stored divided by its height and width.
      names: class name of every category id.
      num_keypoints: of every object in the data set; those that an object lacks are written as
        (0, 0), not labelled, as readers take lists of one length for all objects.
    """
    features = {
        "image/encoded": _bytes([checked.encoded]),
        "image/format": _bytes([checked.format.encode()]),
        "image/filename": _bytes([image.file_name.encode()]),
        "image/source_id": _bytes([str(image.image_id).encode()]),
        "image/key/sha256": _bytes([hashlib.sha256(checked.encoded).hexdigest().encode()]),
        "image/height": _ints([checked.height]),
        "image/width": _ints([checked.width]),
        "image/object/class/text": _bytes([names[box.category_id].encode() for box in boxes]),
        "image/object/class/label": _ints([box.category_id for box in boxes]),
        "image/object/is_crowd": _ints([box.is_crowd for box in boxes]),
        "image/object/area": _floats([box.area for box in boxes]),
        "image/object/difficult": _ints([box.difficult for box in boxes]),
    }
    sides = (checked.height, checked.width, checked.height, checked.width)
    for axis, key in enumerate(("ymin", "xmin", "ymax", "xmax")):
        normalized = [box.box_px[axis] / sides[axis] for box in boxes]
        features[f"image/object/bbox/{key}"] = _floats(normalized)
    if num_keypoints:
        features.update(_keypoint_features(boxes, checked, num_keypoints))
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString(deterministic=True)


def _keypoint_features(boxes, checked: CheckedImage, count: int) -> dict:
    """Keypoints of all boxes one after the other, and how many are labelled of each box."""
    none = (0.0, 0.0, 0)
    points = []
    for box in boxes:
        points += [*box.keypoints, *[none] * (count - len(box.keypoints))]
    labelled = [sum(seen > 0 for _, _, seen in box.keypoints) for box in boxes]
    return {
        "image/object/keypoint/num": _ints(labelled),
        "image/object/keypoint/y": _floats([y / checked.height for y, _, _ in points]),
        "image/object/keypoint/x": _floats([x / checked.width for _, x, _ in points]),
        "image/object/keypoint/visibility": _ints([seen for _, _, seen in points]),
    }


def _bytes(values) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))


def _ints(values) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[int(value) for value in values]))


def _floats(values) -> tf.train.Feature:
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))
