"""One serialised record -> one sample: an image still encoded, and its objects."""

from typing import NamedTuple, Sequence

import tensorflow as tf

from centernet_tf.data.encoded_image import EncodedImage, open_image

_OPTIONAL_STRINGS = ("image/encoded", "image/filename", "image/source_id")
_BOX_SIDES = ("ymin", "xmin", "ymax", "xmax")
_OPTIONAL_LISTS = {"is_crowd": tf.int64, "difficult": tf.int64, "area": tf.float32}


class Sample(NamedTuple):
    """An image and its N objects.

    Attributes:
      image: `EncodedImage`.
      boxes_px: float32 [N, 4], yxyx, image pixels.
      classes: int32 [N], contiguous.
      is_crowd: bool [N].
      is_difficult: bool [N].
      area: float32 [N], square pixels; of the segment where the data set has them, else of the box.
      image_id: int64 scalar.
      file_name: string scalar.
      unknown_id: int64 scalar, a category id that is not the data set's, -1 where there is none.
    """

    image: EncodedImage
    boxes_px: tf.Tensor
    classes: tf.Tensor
    is_crowd: tf.Tensor
    is_difficult: tf.Tensor
    area: tf.Tensor
    image_id: tf.Tensor
    file_name: tf.Tensor
    unknown_id: tf.Tensor


def parse_record(serialized, class_ids: Sequence[int], check_ids: bool = True) -> Sample:
    """Reads a record of the Object Detection API's schema, ours or of another tool.

    What a record may leave out: everything but the image. Without boxes it is a picture of
    background; missing crowd and difficult marks are False, a missing area is the box's. Sizes are
    read from the image itself. `image/source_id` becomes the image id when it is a decimal number,
    else a 52-bit hash of it (or of the file name) does.

    Args:
      serialized: string scalar, a `tf.train.Example`.
      class_ids: the data set's category ids in the order of the contiguous classes.
      check_ids: False leaves it to the caller to look at `Sample.unknown_id`.

    Raises:
      tf.errors.InvalidArgumentError: the record holds no image, lists of different lengths, or a
        category id that is negative or not among `class_ids`; the message names the file. An
        unknown id stops the run: it means that records and manifest do not belong together, and
        leaving the object out would train it as background.
    """
    features = check_features(read_features(serialized))
    image = open_image(features["image/encoded"])
    sides = [features[f"image/object/bbox/{side}"] for side in _BOX_SIDES]
    boxes_px = tf.stack(sides, axis=-1) * tf.cast(tf.tile(image.size, [2]), tf.float32)
    extent = boxes_px[:, 2:] - boxes_px[:, :2]

    def optional(name, default):
        values = features[f"image/object/{name}"]
        return tf.cond(tf.size(values) == 0, lambda: default, lambda: values)

    none = tf.zeros_like(features["image/object/class/label"])
    classes, unknown_id = _contiguous(features["image/object/class/label"], class_ids)
    sample = Sample(
        image=image,
        boxes_px=boxes_px,
        classes=classes,
        is_crowd=optional("is_crowd", none) != 0,
        is_difficult=optional("difficult", none) != 0,
        area=optional("area", extent[:, 0] * extent[:, 1]),
        image_id=_image_id(features["image/source_id"], features["image/filename"]),
        file_name=features["image/filename"],
        unknown_id=unknown_id,
    )
    if check_ids:
        known = require_known_id(unknown_id, sample.file_name)
        sample = sample._replace(classes=_after(known, classes))
    return sample


def require_known_id(unknown_id, file_name):
    """Returns an assertion that fails, naming the file, where `Sample.unknown_id` is not -1."""
    return tf.debugging.Assert(
        unknown_id < 0,
        [
            "The data set's manifest has no category with the id",
            unknown_id,
            "which stands in",
            file_name,
        ],
    )


def read_features(serialized):
    """Returns the features of a record by their keys, as they stand in it."""
    return tf.io.parse_single_example(serialized, _schema())


def check_features(features):
    """Returns the features of a record with an image, lists that fit each other, and ids from 0.

    Raises:
      tf.errors.InvalidArgumentError: it does not; the message names the file.
    """
    name = features["image/filename"]
    count = tf.size(features["image/object/class/label"])
    checks = [
        tf.debugging.Assert(
            tf.strings.length(features["image/encoded"]) > 0,
            ["A record holds no image/encoded. Its image/filename is", name],
        )
    ]
    for key in [f"bbox/{side}" for side in _BOX_SIDES] + list(_OPTIONAL_LISTS):
        length = tf.size(features[f"image/object/{key}"])
        fits = (length == count) | ((length == 0) & (key in _OPTIONAL_LISTS))
        about = [f"image/object/{key} and image/object/class/label differ in length in", name]
        checks.append(tf.debugging.Assert(fits, about))
    # Also because -1 stands for "none" in `Sample.unknown_id`.
    no_negative = tf.reduce_all(features["image/object/class/label"] >= 0)
    about = ["image/object/class/label holds a negative id in", name]
    checks.append(tf.debugging.Assert(no_negative, about))
    return {key: _after(checks, value) for key, value in features.items()}


def _schema():
    schema = {key: tf.io.FixedLenFeature((), tf.string, "") for key in _OPTIONAL_STRINGS}
    for side in _BOX_SIDES:
        schema[f"image/object/bbox/{side}"] = tf.io.RaggedFeature(tf.float32)
    schema["image/object/class/label"] = tf.io.RaggedFeature(tf.int64)
    for name, dtype in _OPTIONAL_LISTS.items():
        schema[f"image/object/{name}"] = tf.io.RaggedFeature(dtype)
    return schema


def _contiguous(labels, class_ids):
    """Maps ids int64 [N] to int32 [N] positions in `class_ids`, and finds an unknown id or -1."""
    order = sorted(range(len(class_ids)), key=lambda position: class_ids[position])
    known = tf.constant([class_ids[position] for position in order], tf.int64)
    at = tf.minimum(tf.searchsorted(known, labels), len(class_ids) - 1)
    unknown = tf.boolean_mask(labels, tf.gather(known, at) != labels)
    first = tf.concat([unknown, [-1]], axis=0)[0]
    return tf.gather(tf.constant(order, tf.int32), at), first


def _image_id(source_id, file_name):
    # What surely fits an int64 (COCO's reader refuses more); 2^52 keeps hashes exact where JSON
    # readers use doubles.
    is_number = tf.strings.regex_full_match(source_id, r"-?([0-9]{1,18}|[1-8][0-9]{18})")
    number = tf.strings.to_number(tf.where(is_number, source_id, "0"), tf.int64)
    name = tf.where(tf.strings.length(source_id) > 0, source_id, file_name)
    return tf.where(is_number, number, tf.strings.to_hash_bucket_fast(name, 2**52))


def _after(assertions, value):
    """`value`, once the assertions have passed; eager ones have, and are None."""
    assertions = [each for each in tf.nest.flatten(assertions) if each is not None]
    with tf.control_dependencies(assertions):
        return tf.identity(value)
