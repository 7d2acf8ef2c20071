"""A map over records that leaves out, counts and names what cannot be used.

TensorFlow's graphs cannot catch an error, but a dataset can ignore one. So each record becomes a
dataset of its own: first what the record should give, then, reached only if that failed, stand-ins
that say why. The first element that works is taken.
"""

import os
import sys
from typing import NamedTuple

import tensorflow as tf

from centernet_tf.data.record_parser import check_features, read_features

_CALLS_PER_CORE = 2


class Guarded(NamedTuple):
    """One element of a guarded map.

    Attributes:
      value: what the function gave; zeros where it failed.
      fault: string scalar: '' or why the record cannot be used.
      file_name: string scalar, of a record that cannot be used.
    """

    value: object
    fault: tf.Tensor
    file_name: tf.Tensor


def guarded_map(records, function):
    """Maps records through a function that may fail, side by side and in order.

    Args:
      records: `tf.data.Dataset` of (seed int32 [2], serialised string).
      function: (seed, serialised) -> nest of tensors of static shapes.

    Returns:
      `tf.data.Dataset` of `Guarded`, one for each record.
    """
    spec = tf.function(function).get_concrete_function(*records.element_spec).structured_outputs

    def attempt(seed, serialized):
        record = tf.data.Dataset.from_tensors((seed, serialized))
        tries = record.map(lambda *each: Guarded(function(*each), "", "")).ignore_errors()
        for probe in (_image_fault, _list_fault, _record_fault):
            stand_in = record.map(lambda _, each, probe=probe: Guarded(_zeros(spec), *probe(each)))
            tries = tries.concatenate(stand_in.ignore_errors())
        return tries.take(1)

    calls = _CALLS_PER_CORE * (os.cpu_count() or 1)
    return records.interleave(
        attempt, cycle_length=calls, num_parallel_calls=calls, deterministic=True
    )


def _zeros(spec):
    return tf.nest.map_structure(lambda each: tf.zeros(each.shape, each.dtype), spec)


def _image_fault(serialized):
    features = check_features(read_features(serialized))
    return "its image cannot be decoded", features["image/filename"]


def _list_fault(serialized):
    features = read_features(serialized)
    return "it holds no image, or lists of different lengths", features["image/filename"]


def _record_fault(serialized):
    del serialized
    return "it is damaged, or no tf.train.Example", "a record without a name"


def only_usable(guarded, report_path: str):
    """Returns the values of a dataset of `Guarded`, reporting each one that is left out.

    Args:
      report_path: text file that gets a line for each, at its end; '' writes to standard error.
    """

    def usable(element):
        def report():
            line = tf.strings.join(["left out ", element.file_name, ": ", element.fault])
            stream = f"file://{os.path.abspath(report_path)}" if report_path else sys.stderr
            with tf.control_dependencies([tf.print(line, output_stream=stream)]):
                return tf.constant(False)

        return tf.cond(element.fault == "", lambda: tf.constant(True), report)

    return guarded.filter(usable).map(lambda element: element.value)
