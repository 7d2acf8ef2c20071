"""Names and reasons of the records that training left out."""

import collections
from typing import List, NamedTuple

import tensorflow as tf

from centernet_tf.data.guarded_map import guarded_map
from centernet_tf.data.input_pipeline import epoch_records, training_example


class LeftOut(NamedTuple):
    """A record that an epoch (from 0) of training left out, and why."""

    epoch: int
    file_name: str
    fault: str


def read_notes(path: str) -> List[tuple]:
    """Returns the (epoch, record number) pairs that `usable_only` noted, each once."""
    try:
        with open(path, encoding="utf-8") as stream:
            lines = [line.split() for line in stream if line.startswith("left out ")]
    except FileNotFoundError:
        return []
    numbers = {}
    for *_, epoch, first, end, every in lines:
        for number in range(int(first), int(end), int(every)):
            numbers[int(epoch), number] = None
    return list(numbers)


def explain(config, manifest, notes) -> List[LeftOut]:
    """Reads the noted records again, one by one, and says what is wrong with each.

    Args:
      config: `ExperimentConfig` of the run.
      manifest: `Manifest` of its data set.
      notes: of `read_notes`.
    """
    by_epoch = collections.defaultdict(list)
    for epoch, number in notes:
        by_epoch[epoch].append(number)
    example = training_example(config, manifest)
    found = []
    for epoch, numbers in by_epoch.items():
        chosen = _chosen(epoch_records(config, manifest, epoch), numbers)
        for element in guarded_map(chosen, example):
            name = element.file_name.numpy().decode("utf-8", "replace")
            fault = element.fault.numpy().decode() or "it could not be read for a moment"
            found.append(LeftOut(epoch, name, fault))
    return found


def _chosen(records, numbers):
    wanted = tf.constant(numbers, tf.int64)
    numbered = records.enumerate().take(max(numbers) + 1)
    found = numbered.filter(lambda number, _: tf.reduce_any(number == wanted))
    return found.map(lambda _, record: record)
