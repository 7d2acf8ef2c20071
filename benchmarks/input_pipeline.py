"""The whole training input against decoding the same JPEGs alone, in images a second.

512x512 input, 80 classes, float32 heat-maps, batched; 640x480 JPEGs (`natural_records`). Beside it
the parser of the Model Garden's CenterNet with its own scaling, cropping and colour changes, which
leaves the heat-maps to the training step. Every pipeline is kept for all its timed parts, as
training keeps its own: the first batches of a new one wait for fresh memory and the choice of
threads.
"""

import tempfile
import time

import tensorflow as tf
from absl import flags
from official.projects.centernet.dataloaders.centernet_input import CenterNetParser
from official.vision.dataloaders.tf_example_decoder import TfExampleDecoder

from benchmarks import natural_records, report
from centernet_tf import cli
from centernet_tf.config import load_config
from centernet_tf.data.input_pipeline import train_dataset
from centernet_tf.data.record_parser import parse_record
from centernet_tf.data.record_stream import read_shards
from centernet_tf.detectors import make_detector

_JSON = flags.DEFINE_string("json", None, "File to write the results to.")
_IMAGES = flags.DEFINE_integer("images", 512, "Images of each timed part.")
_REPEATS = flags.DEFINE_integer("repeats", 5, "Timed parts of each.")
_BATCH = flags.DEFINE_integer("batch", 16, "Batch size.")
# Batches that a pipeline may have made while another one was timed.
_MADE_BEFORE = 8
# Seconds in which a pipeline that was timed fills its buffers and comes to rest.
_REST = 2.0


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


def _official(manifest, images, batch):
    decoder = TfExampleDecoder()
    parser = CenterNetParser(
        aug_scale_min=0.6,
        aug_scale_max=1.3,
        aug_rand_saturation=True,
        aug_rand_brightness=True,
        aug_rand_hue=True,
        aug_rand_contrast=True,
        odapi_augmentation=True,
    )
    parse = parser.parse_fn(is_training=True)
    records = read_shards(manifest.split("train").shard_paths).repeat().take(images)
    parsed = records.map(lambda serialized: parse(decoder.decode(serialized)), tf.data.AUTOTUNE)
    return parsed.batch(batch, drop_remainder=True).prefetch(2)


def _images_per_second(iterator, batches, batch):
    """Times so many batches, after those that may lie ready, and waits for the pipeline's rest."""
    for _ in range(_MADE_BEFORE):
        next(iterator)
    start = time.perf_counter()
    for _ in range(batches):
        next(iterator)
    seconds = time.perf_counter() - start
    time.sleep(_REST)
    return batches * batch / seconds


def main(_):
    batch, batches = _BATCH.value, -(-_IMAGES.value // _BATCH.value)
    # One more than is timed: the first turn traces.
    turns = _REPEATS.value + 1
    images = turns * (batches + _MADE_BEFORE) * batch
    with tempfile.TemporaryDirectory() as folder:
        manifest = natural_records.make_data_set(folder)
        datasets = {
            "decode": _decoding(manifest, images, batch),
            "official": _official(manifest, images, batch),
        }
        for recipe in ("original", "mmdet", "none"):
            datasets[recipe] = _pipeline(manifest, images, batch, recipe)
        iterators = {name: iter(dataset) for name, dataset in datasets.items()}
        speeds = {name: [] for name in datasets}
        for turn in range(turns):
            for name, iterator in iterators.items():
                speed = _images_per_second(iterator, batches, batch)
                if turn > 0:
                    speeds[name].append(speed)
    rows = {name: report.row(name, "images/s", values) for name, values in speeds.items()}
    ratios = {"pipeline/decode": report.ratio(rows["original"], rows["decode"])}
    ratios["pipeline/official"] = report.ratio(rows["original"], rows["official"])
    for recipe in ("mmdet", "none"):
        ratios[f"{recipe}/decode"] = report.ratio(rows[recipe], rows["decode"])
    report.print_table(list(rows.values()), ratios, batch=batch)
    if _JSON.value:
        report.write_json(_JSON.value, list(rows.values()), ratios)


if __name__ == "__main__":
    cli.run(main, required=())
