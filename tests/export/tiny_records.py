"""A tiny data set on disk whose objects are what the tiny detector finds."""

import dataclasses
import json

import numpy as np
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.data.manifest import manifest_document
from centernet_tf.data.shard_writer import ShardWriter
from centernet_tf.export.keras_predictor import KerasPredictor
from tests.export.tiny_detector import CATEGORIES, encode, textured_image

SIZES = [(64, 96), (120, 80), (50, 200), (90, 60), (70, 140), (128, 128)]


def with_records(trained, folder: str):
    """Writes the splits train and val of six images each; returns the detector that points to them.

    The five best detections of an image are its objects, so that the detector has an AP to lose.
    """
    predictor, splits = KerasPredictor(trained), {}
    for seed, name in enumerate(("train", "val")):
        writer = ShardWriter(folder, name, 1)
        for index, size in enumerate(SIZES):
            image = textured_image(*size, seed=10 * seed + index)
            writer.write(_record(image, predictor.predict(image), len(SIZES) * seed + index))
        splits[name] = {"num_examples": len(SIZES), "num_boxes": 0, "shards": writer.close()}
    document = manifest_document([], splits, {})
    document["categories"] = [{"id": c.id, "name": c.name} for c in CATEGORIES]
    with open(f"{folder}/manifest.json", "w", encoding="utf-8") as stream:
        json.dump(document, stream)
    config = load_config(
        [],
        [
            json.dumps(trained.config.as_dict()),
            f"data: {{path: {folder}, train_split: train, eval_split: val}}",
        ],
    )
    return dataclasses.replace(trained, config=config)


def _record(image, found, number: int) -> bytes:
    height, width = image.shape[:2]
    boxes = found.boxes[:5] / np.float32([height, width, height, width])
    boxes = np.clip(boxes, 0, 1)
    values = {
        "image/encoded": tf.train.BytesList(value=[encode(image)]),
        "image/source_id": tf.train.BytesList(value=[str(number + 1).encode()]),
        "image/filename": tf.train.BytesList(value=[f"{number}.png".encode()]),
        "image/object/class/label": tf.train.Int64List(
            value=[CATEGORIES[index].id for index in found.classes[:5]]
        ),
    }
    for axis, side in enumerate(("ymin", "xmin", "ymax", "xmax")):
        values[f"image/object/bbox/{side}"] = tf.train.FloatList(value=boxes[:, axis])
    kinds = {tf.train.BytesList: "bytes_list", tf.train.Int64List: "int64_list"}
    feature = {
        key: tf.train.Feature(**{kinds.get(type(value), "float_list"): value})
        for key, value in values.items()
    }
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()
