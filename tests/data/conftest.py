"""Records and data sets that the tests of the input make themselves."""

import io
import json
import os

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from centernet_tf.data.manifest import load_manifest, manifest_document
from centernet_tf.data.shard_writer import ShardWriter

CATEGORIES = [{"id": 3, "name": "car"}, {"id": 7, "name": "bus"}]


def _feature(value):
    value = np.atleast_1d(value)
    if value.dtype.kind in "SO":
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=value.tolist()))
    if value.dtype.kind == "f":
        return tf.train.Feature(float_list=tf.train.FloatList(value=value.tolist()))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=value.tolist()))


@pytest.fixture(scope="session")
def encode_image():
    """Returns a function (pixels uint8 [h, w, 3], format) -> bytes of an image file."""

    def encode(pixels, image_format="PNG"):
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, image_format)
        return stream.getvalue()

    return encode


@pytest.fixture(scope="session")
def make_record():
    """Returns a function (encoded, normalised yxyx boxes, labels, **features) -> serialised record.

    Further features are given by their key with `__` for `/`; None leaves a feature out.
    """

    def make(encoded, boxes=(), labels=(), **features):
        boxes = np.reshape(np.asarray(boxes, np.float32), (-1, 4))
        values = {"image__encoded": np.array([encoded], object)}
        for axis, side in enumerate(("ymin", "xmin", "ymax", "xmax")):
            values[f"image__object__bbox__{side}"] = boxes[:, axis]
        values["image__object__class__label"] = np.asarray(labels, np.int64)
        values.update(features)
        values = {key.replace("__", "/"): value for key, value in values.items()}
        feature = {key: _feature(value) for key, value in values.items() if value is not None}
        return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()

    return make


@pytest.fixture
def make_data_set(tmp_path):
    """Returns a function ({split: list of records}, num_shards) -> `Manifest` of a new data set."""

    def make(records_by_split, num_shards=3):
        splits = {}
        for name, records in records_by_split.items():
            writer = ShardWriter(str(tmp_path), name, num_shards)
            for record in records:
                writer.write(record)
            shards = writer.close()
            splits[name] = {"num_examples": len(records), "num_boxes": 0, "shards": shards}
        document = manifest_document([], splits, {})
        document["categories"] = CATEGORIES
        with open(os.path.join(tmp_path, "manifest.json"), "w", encoding="utf-8") as stream:
            json.dump(document, stream)
        return load_manifest(str(tmp_path))

    return make


@pytest.fixture
def make_records(encode_image, make_record, rng):
    """Returns a function count -> random records; image i has id i + 1 and i % 4 boxes."""

    def record(i):
        height, width = rng.integers(40, 90, 2)
        pixels = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
        corners = np.sort(rng.uniform(0, 1, (i % 4, 2, 2)), axis=1).reshape(-1, 4)
        return make_record(
            encode_image(pixels, "JPEG" if i % 2 else "PNG"),
            corners,
            rng.choice([3, 7], i % 4),
            image__source_id=str(i + 1).encode(),
            image__filename=f"{i + 1}.jpg".encode(),
            image__object__is_crowd=rng.integers(0, 2, i % 4),
        )

    return lambda count: [record(i) for i in range(count)]
