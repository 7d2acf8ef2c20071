"""The whole training input against decoding the same JPEGs alone, in images a second.

512x512 input, 80 classes, float32 heat-maps, batched. The pictures are 640x480, made here, with
detail at all scales as in photographs (their spectrum falls as one over the frequency).
"""

import io
import json
import os
import tempfile
import time

import numpy as np
import tensorflow as tf
from absl import flags
from PIL import Image

from benchmarks import report
from centernet_tf import cli
from centernet_tf.config import load_config
from centernet_tf.data.annotations import BoxAnnotation, Category, ImageAnnotation
from centernet_tf.data.image_check import CheckedImage
from centernet_tf.data.input_pipeline import train_dataset
from centernet_tf.data.manifest import load_manifest, manifest_document
from centernet_tf.data.record_parser import parse_record
from centernet_tf.data.record_stream import read_shards
from centernet_tf.data.shard_writer import ShardWriter
from centernet_tf.data.tf_example import serialize_example
from centernet_tf.detectors import make_detector

_JSON = flags.DEFINE_string("json", None, "File to write the results to.")
_IMAGES = flags.DEFINE_integer("images", 256, "Images of each timed pass.")
_REPEATS = flags.DEFINE_integer("repeats", 5, "Timed passes of each.")
_BATCH = flags.DEFINE_integer("batch", 16, "Batch size.")

_HEIGHT, _WIDTH = 480, 640
_CATEGORIES = [Category(i + 1, f"class {i + 1}") for i in range(80)]
_NAMES = {category.id: category.name for category in _CATEGORIES}
# A mean of COCO's training images.
_OBJECTS = 7


def _picture(rng):
    """A JPEG of about the bytes of COCO's (0.15 MB)."""
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


def _make_data_set(folder, pictures=64):
    rng = np.random.default_rng(0)
    writer = ShardWriter(folder, "train", 4)
    for image_id in range(1, pictures + 1):
        writer.write(_record(image_id, rng))
    shards = writer.close()
    split = {"num_examples": pictures, "num_boxes": _OBJECTS * pictures, "shards": shards}
    with open(os.path.join(folder, "manifest.json"), "w", encoding="utf-8") as stream:
        json.dump(manifest_document(_CATEGORIES, {"train": split}, {}), stream)
    return load_manifest(folder)


def _decoding(manifest, images, batch):
    """Reads and decodes; one byte of each image goes on, so that nothing but decoding is timed."""

    def decode(serialized):
        sample = parse_record(serialized, manifest.class_ids)
        return tf.io.decode_jpeg(sample.image.encoded, channels=3)[0, 0, 0]

    records = read_shards(manifest.split("train").shard_paths).repeat().take(images)
    return records.map(decode, tf.data.AUTOTUNE).batch(batch).prefetch(2)


def _pipeline(manifest, images, batch, recipe):
    passes = -(-images // manifest.split("train").num_examples)
    config = load_config(
        [],
        [
            f"train.global_batch_size={batch},train.epochs=1,train.repeats_per_epoch={passes},"
            f"data.shuffle_buffer=64,data.augmentation.recipe={recipe}"
        ],
    )
    return train_dataset(config, manifest, make_detector(config, 80).encode)


def _images_per_second(dataset, batch):
    """One pass; the clock starts at the first batch, when the pipeline is running."""
    iterator = iter(dataset)
    next(iterator)
    start = time.perf_counter()
    batches = sum(1 for _ in iterator)
    return batches * batch / (time.perf_counter() - start)


def main(_):
    batch = _BATCH.value
    images = -(-_IMAGES.value // batch) * batch
    with tempfile.TemporaryDirectory() as folder:
        manifest = _make_data_set(folder)
        datasets = {"decode": _decoding(manifest, images, batch)}
        for recipe in ("original", "mmdet", "none"):
            datasets[recipe] = _pipeline(manifest, images, batch, recipe)
        speeds = {name: [] for name in datasets}
        for turn in range(_REPEATS.value + 1):
            for name, dataset in datasets.items():
                speed = _images_per_second(dataset, batch)
                # The first turn traces.
                if turn > 0:
                    speeds[name].append(speed)
    rows = {name: report.row(name, "images/s", values) for name, values in speeds.items()}
    ratios = {"pipeline/decode": report.ratio(rows["original"], rows["decode"])}
    for recipe in ("mmdet", "none"):
        ratios[f"{recipe}/decode"] = report.ratio(rows[recipe], rows["decode"])
    report.print_table(list(rows.values()), ratios, batch=batch)
    if _JSON.value:
        report.write_json(_JSON.value, list(rows.values()), ratios)


if __name__ == "__main__":
    cli.run(main, required=())
