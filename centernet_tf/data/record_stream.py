"""Serialised records in a seeded order: what is read, when, and with which seed."""

import os
from typing import NamedTuple

import tensorflow as tf

from centernet_tf.ops.random_window import split_seed

_SHARDS_READ_AT_ONCE = 4


class EpochPlan(NamedTuple):
    """How an epoch goes over a split.

    Attributes:
      examples: how many it takes.
      passes: how often it may go over the split for them. More than are needed make good what
        turns out to be unusable.
      shuffle_buffer: serialised records held for shuffling, on top of the shuffled order of the
        shards.
      cache: keep all records in memory; then they are shuffled among all.
      pipelines: how many input pipelines share the epoch, each taking every so many-th record.
      pipeline: the number of this one.
      partners: further records that come with each, from passes of their own over the split.
    """

    examples: int
    passes: int
    shuffle_buffer: int
    cache: bool = False
    pipelines: int = 1
    pipeline: int = 0
    partners: int = 0


def read_shards(shard_paths):
    """Returns the records of some shards, interleaved in a fixed order.

    Args:
      shard_paths: list of paths, or string [S].

    Returns:
      `tf.data.Dataset` of string scalars; a damaged shard is an error.
    """
    return _interleave(tf.data.Dataset.from_tensor_slices(shard_paths), tf.data.TFRecordDataset)


def read_whole_shards(split, order=None):
    """As `read_shards`, but a damaged shard still gives as many records as its manifest says.

    In the place of those that are lost come records without an image, named after the shard.

    Args:
      split: `manifest.Split`.
      order: int [S], the order of the shards; None takes theirs.
    """
    order = tf.range(len(split.shard_paths)) if order is None else order
    fields = (split.shard_paths, split.shard_examples, [_lost(p) for p in split.shard_paths])
    shards = tf.data.Dataset.from_tensor_slices(
        tuple(tf.gather(tf.constant(field), order) for field in fields)
    )

    def read(path, count, lost):
        found = tf.data.TFRecordDataset(path).ignore_errors()
        count = tf.cast(count, tf.int64)
        return found.concatenate(tf.data.Dataset.from_tensors(lost).repeat(count)).take(count)

    return _interleave(shards, read)


def _lost(shard_path: str) -> bytes:
    """A record that says which shard it was lost from."""
    name = f"a record of {os.path.basename(shard_path)} (the file is damaged; make it again)"
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[name.encode()]))
    example = tf.train.Example(features=tf.train.Features(feature={"image/filename": feature}))
    return example.SerializeToString()


def _interleave(shards, read):
    return shards.interleave(
        read,
        cycle_length=_SHARDS_READ_AT_ONCE,
        num_parallel_calls=_SHARDS_READ_AT_ONCE,
        deterministic=True,
    )


def training_stream(split, seed, epochs, plan: EpochPlan, process=lambda records, epoch: records):
    """Returns the processed records of a range of epochs, each in its own order.

    An epoch is a pure function of the seed and its number: a run that starts at epoch e reads what
    a run from epoch 0 reads there.

    Args:
      split: `manifest.Split`.
      seed: integer of the run.
      epochs: (first, end) epoch numbers.
      plan: `EpochPlan`.
      process: turns the records of an epoch, a `tf.data.Dataset` of (seed int32 [2], serialised
        string), and its number into examples; it may leave some out. Each record has a seed of its
        own. With partners the string is [1 + plan.partners], the record itself first.

    Returns:
      `tf.data.Dataset` of plan.examples examples for each epoch, fewer where they run out.
    """
    cached = read_whole_shards(split).cache() if plan.cache else None

    def one_pass(pass_seed):
        shard_seed, buffer_seed = split_seed(pass_seed, 2)
        # One more than there are makes the shuffle read to the end, which completes the cache.
        buffer_size = split.num_examples + 1 if plan.cache else plan.shuffle_buffer
        records = cached
        if not plan.cache:
            order = tf.range(len(split.shard_paths))
            order = tf.random.experimental.stateless_shuffle(order, shard_seed)
            records = read_whole_shards(split, order)
        return records.shuffle(buffer_size, _int64(buffer_seed), reshuffle_each_iteration=False)

    def one_epoch(epoch):
        order_seed, example_seed = split_seed(_fold_in(tf.constant([seed, 0]), epoch), 2)

        def in_passes(first, end):
            numbers = tf.data.Dataset.range(first, end)
            return numbers.flat_map(lambda number: one_pass(_fold_in(order_seed, number)))

        records = in_passes(0, plan.passes)
        if plan.partners:
            partners = in_passes(plan.passes, plan.passes * (1 + plan.partners))
            records = tf.data.Dataset.zip((records, partners.batch(plan.partners, True)))
            records = records.map(lambda record, others: tf.concat([[record], others], axis=0))
        records = records.enumerate().shard(plan.pipelines, plan.pipeline)
        records = records.map(lambda index, serialized: (_fold_in(example_seed, index), serialized))
        return process(records, epoch).take(plan.examples)

    return tf.data.Dataset.range(*epochs).flat_map(one_epoch)


def _fold_in(seed, number):
    return tf.random.experimental.stateless_fold_in(seed, tf.cast(number, tf.int32))


def _int64(seed):
    """One int64 of a stateless seed, for the datasets that take but one."""
    return tf.bitcast(tf.cast(seed, tf.int32), tf.int64)
