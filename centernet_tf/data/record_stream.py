"""Serialised records in a seeded order: what is read, when, and with which seed."""

import tensorflow as tf

from centernet_tf.ops.random_window import split_seed

_SHARDS_READ_AT_ONCE = 4


def read_shards(shard_paths):
    """Returns the records of some shards, interleaved in a fixed order.

    Args:
      shard_paths: list of paths, or string [S].

    Returns:
      `tf.data.Dataset` of string scalars.
    """
    shards = tf.data.Dataset.from_tensor_slices(shard_paths)
    return shards.interleave(
        tf.data.TFRecordDataset,
        cycle_length=_SHARDS_READ_AT_ONCE,
        num_parallel_calls=_SHARDS_READ_AT_ONCE,
        deterministic=True,
    )


def training_stream(split, seed, epochs, passes, examples_per_epoch, shuffle_buffer, cache):
    """Returns the records of a range of epochs, each in its own order.

    An epoch is a pure function of the seed and its number: a run that starts at epoch e reads what
    a run from epoch 0 reads there.

    Args:
      split: `manifest.Split`.
      seed: integer of the run.
      epochs: (first, end) epoch numbers.
      passes: how often an epoch goes over the split.
      examples_per_epoch: records taken of an epoch's passes.
      shuffle_buffer: serialised records held for shuffling, on top of the shuffled order of the
        shards.
      cache: keep all records in memory; then they are shuffled among all.

    Returns:
      `tf.data.Dataset` of (seed int32 [2], serialised string): a seed for each example.
    """
    cached = read_shards(split.shard_paths).cache() if cache else None

    def one_pass(pass_seed):
        shard_seed, buffer_seed = split_seed(pass_seed, 2)
        # One more than there are makes the shuffle read to the end, which completes the cache.
        buffer_size = split.num_examples + 1 if cache else shuffle_buffer
        records = cached
        if not cache:
            paths = tf.constant(split.shard_paths)
            records = read_shards(tf.random.experimental.stateless_shuffle(paths, shard_seed))
        return records.shuffle(buffer_size, _int64(buffer_seed), reshuffle_each_iteration=False)

    def one_epoch(epoch):
        order_seed, example_seed = split_seed(_fold_in(tf.constant([seed, 0]), epoch), 2)
        records = tf.data.Dataset.range(passes).flat_map(
            lambda number: one_pass(_fold_in(order_seed, number))
        )
        return (
            records.take(examples_per_epoch)
            .enumerate()
            .map(lambda index, serialized: (_fold_in(example_seed, index), serialized))
        )

    return tf.data.Dataset.range(*epochs).flat_map(one_epoch)


def _fold_in(seed, number):
    return tf.random.experimental.stateless_fold_in(seed, tf.cast(number, tf.int32))


def _int64(seed):
    """One int64 of a stateless seed, for the datasets that take but one."""
    return tf.bitcast(tf.cast(seed, tf.int32), tf.int64)
