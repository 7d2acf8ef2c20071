"""Maps over records of which some cannot be used: one that leaves them out, one that says why.

TensorFlow's graphs cannot catch an error, but a dataset can ignore one.
"""

import os
import sys
from typing import NamedTuple

import tensorflow as tf

from centernet_tf.data.record_parser import check_features, read_features


def usable_only(records, function, epoch, report_path: str, pipelines=1, pipeline=0):
    """Maps records through a function that may fail, in order, leaving out those that fail.

    Args:
      records: `tf.data.Dataset` of (seed int32 [2], serialised string or strings).
      function: (seed, serialised) -> nest of tensors.
      epoch: int64 scalar, for the report.
      report_path: text file that gets a line `left out epoch first end every` at its end wherever
        the records first, first + every, ... before end of the epoch are left out; '' writes to
        standard error.
      pipelines, pipeline: `records` are every so many-th of the epoch, from this number on.

    Returns:
      `tf.data.Dataset` of what the function gave.
    """
    numbered = records.enumerate().map(
        lambda number, record: (number, function(*record)), tf.data.AUTOTUNE
    )

    def of_epoch(number):
        return number * pipelines + pipeline

    def notice_gap(expected, element):
        number, value = element
        gap = tf.cond(
            number > expected,
            lambda: _report(
                ["left out", epoch, of_epoch(expected), of_epoch(number), pipelines], report_path
            ),
            lambda: tf.constant(False),
        )
        with tf.control_dependencies([gap]):
            return number + 1, tf.nest.map_structure(tf.identity, value)

    return numbered.ignore_errors().scan(tf.constant(0, tf.int64), notice_gap)


def _report(words, path):
    stream = f"file://{os.path.abspath(path)}" if path else sys.stderr
    with tf.control_dependencies([tf.print(*words, output_stream=stream)]):
        return tf.constant(True)


class Guarded(NamedTuple):
    """One element of a guarded map.

    Attributes:
      value: what the function gave; zeros where it failed; of the first record alone where only one
        of its partners is at fault.
      fault: string scalar: '' or why the record cannot be used.
      file_name: string scalar, of a record that cannot be used.
    """

    value: object
    fault: tf.Tensor
    file_name: tf.Tensor


def guarded_map(records, function):
    """Maps records through a function that may fail, saying of each why it did.

    Each record becomes a dataset of its own: first what the record should give, then, reached only
    if that failed, stand-ins that say why. The first element that works is taken. This takes 2 ms a
    record, too long for training.

    Args:
      records: `tf.data.Dataset` of (seed int32 [2], serialised string, or string [1 + partners]).
      function: (seed, serialised) -> nest of tensors of static shapes; it takes a string alone as
        well.

    Returns:
      `tf.data.Dataset` of `Guarded`, one for each record.
    """
    spec = tf.function(function).get_concrete_function(*records.element_spec).structured_outputs

    def attempt(seed, serialized):
        record = tf.data.Dataset.from_tensors((seed, serialized))
        tries = record.map(lambda *each: Guarded(function(*each), "", "")).ignore_errors()
        if serialized.shape.rank:
            record = record.map(lambda seed, strings: (seed, strings[0]))
            alone = record.map(lambda *each: Guarded(function(*each), *_partner_fault(each[1])))
            tries = tries.concatenate(alone.ignore_errors())
        for probe in (_image_fault, _list_fault, _record_fault):
            stand_in = record.map(lambda _, each, probe=probe: Guarded(_zeros(spec), *probe(each)))
            tries = tries.concatenate(stand_in.ignore_errors())
        return tries.take(1)

    return records.flat_map(attempt)


def _zeros(spec):
    return tf.nest.map_structure(lambda each: tf.zeros(each.shape, each.dtype), spec)


def _partner_fault(serialized):
    features = read_features(serialized)
    return "a record that it was to be combined with cannot be used", features["image/filename"]


def _image_fault(serialized):
    features = check_features(read_features(serialized))
    return "its image cannot be decoded", features["image/filename"]


def _list_fault(serialized):
    features = read_features(serialized)
    return "it holds no image, negative ids, or lists of different lengths", features[
        "image/filename"
    ]


def _record_fault(serialized):
    del serialized
    return "it is damaged, or no tf.train.Example", "a record without a name"
