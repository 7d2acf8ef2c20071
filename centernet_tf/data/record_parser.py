"""One serialised record -> one sample: an image still encoded, and its objects."""

from typing import NamedTuple, Sequence

import tensorflow as tf

from centernet_tf.data.encoded_image import EncodedImage, open_image

_OPTIONAL_STRINGS = ("image/encoded", "image/filename", "image/source_id")
_BOX_SIDES = ("ymin", "xmin", "ymax", "xmax")


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
    """

    image: EncodedImage
    boxes_px: tf.Tensor
    classes: tf.Tensor
    is_crowd: tf.Tensor
    is_difficult: tf.Tensor
    area: tf.Tensor
    image_id: tf.Tensor
    file_name: tf.Tensor


def parse_record(serialized, class_ids: Sequence[int]) -> Sample:
    """Reads a record of the Object Detection API's schema, ours or of another tool.

    What a record may leave out: everything but the image. Without boxes it is a picture of
    background; missing crowd and difficult marks are False, a missing area is the box's. Sizes are
    read from the image itself. `image/source_id` becomes the image id when it is a decimal number,
    else a 52-bit hash of it (or of the file name) does.

    Args:
      serialized: string scalar, a `tf.train.Example`.
      class_ids: the data set's category ids in the order of the contiguous classes.

    Raises:
      tf.errors.InvalidArgumentError: the record holds no image, lists of different lengths, or a
        category id that is not among `class_ids`; the message names the file. An unknown id stops
        the run: it means that records and manifest do not belong together, and leaving the object
        out would train it as background.
    """
    features = tf.io.parse_single_example(serialized, _schema())
    file_name = features["image/filename"]
    labels = features["image/object/class/label"]
    encoded = _checked_encoded(features["image/encoded"], file_name)
    image = open_image(encoded)

    count = tf.size(labels)
    sides = [
        _of_length(features[f"image/object/bbox/{side}"], count, f"bbox/{side}", file_name)
        for side in _BOX_SIDES
    ]
    boxes_px = tf.stack(sides, axis=-1) * tf.cast(tf.tile(image.size, [2]), tf.float32)
    extent = boxes_px[:, 2:] - boxes_px[:, :2]

    def optional(name, default):
        values = features[f"image/object/{name}"]
        values = tf.cond(tf.size(values) == 0, lambda: default, lambda: values)
        return _of_length(values, count, name, file_name)

    none = tf.zeros([count], tf.int64)
    return Sample(
        image=image,
        boxes_px=boxes_px,
        classes=_contiguous(labels, class_ids, file_name),
        is_crowd=optional("is_crowd", none) != 0,
        is_difficult=optional("difficult", none) != 0,
        area=optional("area", extent[:, 0] * extent[:, 1]),
        image_id=_image_id(features["image/source_id"], file_name),
        file_name=file_name,
    )


def _schema():
    schema = {key: tf.io.FixedLenFeature((), tf.string, "") for key in _OPTIONAL_STRINGS}
    for side in _BOX_SIDES:
        schema[f"image/object/bbox/{side}"] = tf.io.RaggedFeature(tf.float32)
    for name in ("class/label", "is_crowd", "difficult"):
        schema[f"image/object/{name}"] = tf.io.RaggedFeature(tf.int64)
    schema["image/object/area"] = tf.io.RaggedFeature(tf.float32)
    return schema


def _checked_encoded(encoded, file_name):
    filled = tf.debugging.Assert(
        tf.strings.length(encoded) > 0,
        ["A record holds no image/encoded. Its image/filename is", file_name],
    )
    with tf.control_dependencies(_ops(filled)):
        return tf.identity(encoded)


def _of_length(values, count, name, file_name):
    """Returns `values` with the number of labels as their length, or fails naming the file."""
    equal = tf.debugging.Assert(
        tf.size(values) == count,
        [f"image/object/{name} and image/object/class/label differ in length in", file_name],
    )
    with tf.control_dependencies(_ops(equal)):
        return tf.identity(values)


def _contiguous(labels, class_ids, file_name):
    """Maps category ids int64 [N] to int32 [N] positions in `class_ids`."""
    order = sorted(range(len(class_ids)), key=lambda position: class_ids[position])
    known = tf.constant([class_ids[position] for position in order], tf.int64)
    at = tf.minimum(tf.searchsorted(known, labels), len(class_ids) - 1)
    unknown = tf.boolean_mask(labels, tf.gather(known, at) != labels)
    all_known = tf.debugging.Assert(
        tf.size(unknown) == 0,
        [
            "The data set's manifest has no category with the id",
            unknown,
            "which stands in",
            file_name,
        ],
    )
    with tf.control_dependencies(_ops(all_known)):
        return tf.gather(tf.constant(order, tf.int32), at)


def _image_id(source_id, file_name):
    # 18 digits fit an int64; 2^52 keeps hashes exact where JSON readers use doubles.
    is_number = tf.strings.regex_full_match(source_id, r"-?[0-9]{1,18}")
    number = tf.strings.to_number(tf.where(is_number, source_id, "0"), tf.int64)
    name = tf.where(tf.strings.length(source_id) > 0, source_id, file_name)
    return tf.where(is_number, number, tf.strings.to_hash_bucket_fast(name, 2**52))


def _ops(assertion):
    """The assertion as control inputs: none when it ran eagerly."""
    return [] if assertion is None else [assertion]
