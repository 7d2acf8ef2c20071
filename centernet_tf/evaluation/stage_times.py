"""Where the time of an evaluation goes."""

import statistics
import time
from typing import List, NamedTuple

import tensorflow as tf

from centernet_tf.data.evaluation_image import read_evaluation_image
from centernet_tf.data.input_pipeline import eval_dataset
from centernet_tf.data.record_parser import parse_record
from centernet_tf.data.record_stream import read_shards
from centernet_tf.ops.weighted_rows import sparse_products

# They say enough, and cost less than drawing the report.
_BATCHES = 6
_IMAGES = 24


class StageTime(NamedTuple):
    """Milliseconds an image: the median, least and greatest of `count` measurements."""

    stage: str
    median: float
    least: float
    greatest: float
    count: int


def stage_times(network, detector, config, manifest, split: str) -> List[StageTime]:
    """Measures the stages of an evaluation one after the other, on the first images of a split.

    Input is decoded one image at a time; network and decoder take whole batches as the evaluation
    does, each to its end, and their times are divided by the batch size. In an evaluation the input
    of later batches is made while the network runs.

    Args:
      network: for inference, and for the sizes that the evaluation feeds.
      detector: its `PointDetector`.
      config: the experiment; its evaluation settings say what a batch is.
      manifest: `Manifest` of the data set.
      split: its name.
    """
    # Images of many sizes share one program.

    @tf.function(reduce_retracing=True)
    def forward(images):
        with sparse_products():
            return network(images, training=False)

    decode = tf.function(detector.decode, reduce_retracing=True)
    network_times, decoder_times = [], []
    for number, batch in enumerate(eval_dataset(config, manifest, split).take(_BATCHES)):
        images = batch["image"]
        if number == 0:
            decode(forward(images))
        seconds, outputs = _timed(forward, images)
        network_times.append(seconds / len(images))
        seconds, _ = _timed(decode, outputs)
        decoder_times.append(seconds / len(images))
    return [
        _stage("read, decode and fit into the input", _input_times(config, manifest, split)),
        _stage("network", network_times),
        _stage("decoder", decoder_times),
    ]


def _input_times(config, manifest, split):
    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def prepare(serialized):
        image = parse_record(serialized, manifest.class_ids).image
        return read_evaluation_image(image, config)[0]

    records = list(read_shards(manifest.split(split).shard_paths).take(_IMAGES))
    prepare(records[0])
    return [_timed(prepare, serialized)[0] for serialized in records]


def _timed(function, argument):
    started = time.perf_counter()
    result = function(argument)
    # Reading one value waits for all of them on a device that works on its own.
    tf.nest.map_structure(lambda value: tf.reshape(value, [-1])[:1].numpy(), result)
    return time.perf_counter() - started, result


def _stage(name, seconds):
    values = [1e3 * each for each in seconds]
    return StageTime(name, statistics.median(values), min(values), max(values), len(values))
