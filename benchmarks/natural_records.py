"""A small data set of 640x480 JPEGs with detail at all scales, as photographs have it."""

import io
import json
import os

import numpy as np
from PIL import Image

from centernet_tf.data.annotations import BoxAnnotation, Category, ImageAnnotation
from centernet_tf.data.image_check import CheckedImage
from centernet_tf.data.manifest import load_manifest, manifest_document
from centernet_tf.data.shard_writer import ShardWriter
from centernet_tf.data.tf_example import serialize_example

_HEIGHT, _WIDTH = 480, 640
_CATEGORIES = [Category(i + 1, f"class {i + 1}") for i in range(80)]
_NAMES = {category.id: category.name for category in _CATEGORIES}
# A mean of COCO's training images.
_OBJECTS = 7


def make_data_set(folder, pictures=64, copies=1):
    """Writes records of a split `train` into a folder, each so often; returns their `Manifest`."""
    rng = np.random.default_rng(0)
    writer = ShardWriter(folder, "train", 4)
    for image_id in range(1, pictures + 1):
        record = _record(image_id, rng)
        for _ in range(copies):
            writer.write(record)
    shards, count = writer.close(), pictures * copies
    split = {"num_examples": count, "num_boxes": _OBJECTS * count, "shards": shards}
    with open(os.path.join(folder, "manifest.json"), "w", encoding="utf-8") as stream:
        json.dump(manifest_document(_CATEGORIES, {"train": split}, {}), stream)
    return load_manifest(folder)


def _record(image_id, rng):
    boxes = []
    for _ in range(_OBJECTS):
        height, width = 10 ** rng.uniform(1, 2.4, 2)
        top, left = rng.uniform(0, _HEIGHT - height), rng.uniform(0, _WIDTH - width)
        box_px = (top, left, top + height, left + width)
        boxes.append(BoxAnnotation(box_px, int(rng.integers(1, 81)), area=height * width))
    image = ImageAnnotation(image_id, f"{image_id}.jpg", "", _HEIGHT, _WIDTH, tuple(boxes))
    checked = CheckedImage(_picture(rng), "jpeg", _HEIGHT, _WIDTH, 1, "")
    return serialize_example(image, checked, boxes, _NAMES)


def _picture(rng):
    """A JPEG of about the bytes of COCO's (0.15 MB); its spectrum falls as 1 / frequency."""
    frequencies = np.hypot(np.fft.fftfreq(_HEIGHT)[:, None], np.fft.rfftfreq(_WIDTH)[None])
    frequencies[0, 0] = 1.0
    noise = np.fft.rfft2(rng.normal(size=(3, _HEIGHT, _WIDTH))) / frequencies
    # Photographs are mostly grey: the channels share much of their detail.
    noise = noise + 2.0 * noise[:1]
    pixels = np.fft.irfft2(noise, (_HEIGHT, _WIDTH)).transpose(1, 2, 0)
    pixels = 128 + 50 * (pixels - pixels.mean()) / pixels.std()
    stream = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=92)
    return stream.getvalue()
