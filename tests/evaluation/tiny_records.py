"""A data set of small images in plain colours, with a report and class names full of mark-up."""

import io
import json

import numpy as np
import tensorflow as tf
from PIL import Image

from centernet_tf.data.manifest import manifest_document
from centernet_tf.data.shard_writer import ShardWriter
from tests.evaluation.scenes import CATEGORIES

SIZE = (48, 80)


def write_records(folder, count, broken=(), side=16, split="train", report=None):
    """Writes a split of `count` images, image i with i % 4 objects, and returns the folder.

    Images are (40, 90, 200) in RGB, objects (220, 30, 60). The pixels of the images in `broken` are
    cut off behind the header.
    """
    writer = ShardWriter(str(folder), split, 2)
    for index in range(count):
        boxes = [(4 + 6 * place, 4 + 20 * place) for place in range(index % 4)]
        writer.write(_record(index, boxes, side, index in broken))
    shards = writer.close()
    entry = {"num_examples": count, "num_boxes": sum(i % 4 for i in range(count)), "shards": shards}
    document = manifest_document(CATEGORIES, {split: entry}, {})
    (folder / "manifest.json").write_text(json.dumps(document), encoding="utf-8")
    if report is not None:
        (folder / "report.json").write_text(json.dumps({split: report}), encoding="utf-8")
    return str(folder)


def _record(index, corners, side, broken):
    pixels = np.full([*SIZE, 3], (40, 90, 200), np.uint8)
    for y, x in corners:
        pixels[y : y + side, x : x + side] = (220, 30, 60)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    encoded = stream.getvalue()[:60] if broken else stream.getvalue()
    features = {
        "image/encoded": _bytes([encoded]),
        "image/filename": _bytes([f"<i>{index + 1}.png".encode()]),
        "image/source_id": _bytes([str(index + 1).encode()]),
        "image/object/class/label": tf.train.Feature(
            int64_list=tf.train.Int64List(value=[CATEGORIES[i % 2].id for i in range(len(corners))])
        ),
    }
    for axis, name in enumerate("yx"):
        for end, shift in (("min", 0), ("max", side)):
            sides = [(corner[axis] + shift) / SIZE[axis] for corner in corners]
            features[f"image/object/bbox/{name}{end}"] = tf.train.Feature(
                float_list=tf.train.FloatList(value=sides)
            )
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString()


def _bytes(value):
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=value))
