"""Gradients of a batch that is larger than what fits into memory at once."""

import tensorflow as tf


def sum_over_micro_batches(compute, batch, count: int, zeros):
    """Calls `compute` on equal parts of a batch, one after the other, and adds up what it returns.

    The parts are consecutive rows. The loop is one of the graph, so that its size and the memory
    for activations are those of one part; it compiles under XLA.

    Args:
      compute: from a nest like `batch`, with rows / count rows, to a nest like `zeros`.
      batch: nest of tensors whose first axis, the rows, is static and alike.
      count: number of parts; divides the rows.
      zeros: nest of the shapes and dtypes that `compute` returns, all zero.

    Returns:
      nest like `zeros`.

    Raises:
      ValueError: `count` does not divide the rows.
    """
    rows = tf.nest.flatten(batch)[0].shape[0]
    if rows % count:
        raise ValueError(f"{rows} rows cannot be split into {count} equal parts")
    if count == 1:
        return compute(batch)
    parts = tf.nest.map_structure(
        lambda value: tf.reshape(value, [count, rows // count, *value.shape[1:]]), batch
    )

    def add_part(index, total):
        part = tf.nest.map_structure(lambda value: value[index], parts)
        return index + 1, tf.nest.map_structure(tf.add, total, compute(part))

    _, total = tf.while_loop(
        lambda index, _: index < count,
        add_part,
        (tf.constant(0), zeros),
        parallel_iterations=1,
        maximum_iterations=count,
    )
    return total
