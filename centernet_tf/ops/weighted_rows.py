"""Weighted sums of the rows of a table, and their gradients.

There are two forms with the same results. The portable one gathers every row that is summed, in
operations that run everywhere. The other takes the factors as a sparse matrix, which writes nothing
but the sums; TensorFlow multiplies it on CPUs, in float32, and neither XLA nor TensorFlow Lite has
it, so nothing uses it outside `sparse_products`.
"""

import contextlib
import contextvars

import tensorflow as tf

_allowed = contextvars.ContextVar("sparse_products", default=False)


@contextlib.contextmanager
def sparse_products(wanted: bool = True):
    """Where it is entered, weighted rows are summed by sparse matrices, if all devices are CPUs.

    To be entered inside a function while it is traced, never in one for XLA or TFLite.
    """
    devices = tf.config.list_logical_devices()
    token = _allowed.set(wanted and all(device.device_type == "CPU" for device in devices))
    try:
        yield
    finally:
        _allowed.reset(token)


def is_sparse(dtype) -> bool:
    """Whether sparse products were asked for and exist for a dtype."""
    return _allowed.get() and dtype == tf.float32


def weighted_sum(table, rows, factors, sparse):
    """Sums rows of a table.

    Args:
      table: float [R, C].
      rows: int32 [N, J].
      factors: [N, J] in the dtype of the table.
      sparse: which form, see `is_sparse`.

    Returns:
      [N, C], the sum over j of factors[n, j] * table[rows[n, j]].
    """
    if sparse:
        matrix = _sparse_matrix(rows, factors, tf.shape(table)[0])
        return _product(matrix, table)
    return tf.squeeze(tf.matmul(factors[:, tf.newaxis], tf.gather(table, rows)), 1)


def spread(vectors, rows, factors, num_rows, sparse):
    """The gradient of `weighted_sum` in the table: adds up what every row gave.

    Args:
      vectors: [N, C], the gradient of the sums.
      rows, factors, sparse: as of `weighted_sum`.
      num_rows: int32 scalar R.

    Returns:
      [R, C].
    """
    if sparse:
        matrix = _sparse_matrix(rows, factors, num_rows)
        # A product with transpose_a takes twice as long as both steps.
        matrix = tf.raw_ops.SparseMatrixTranspose(input=matrix, type=factors.dtype)
        return _product(matrix, vectors)
    parts = tf.matmul(factors[..., tf.newaxis], vectors[:, tf.newaxis])
    return tf.math.unsorted_segment_sum(parts, rows, num_rows)


def dot_rows(table, rows, vectors):
    """The gradient of `weighted_sum` in the factors: products of rows with vectors.

    Args:
      table, rows: as of `weighted_sum`.
      vectors: [N, C].

    Returns:
      [N, J], table[rows[n, j]] . vectors[n].
    """
    return tf.squeeze(tf.matmul(tf.gather(table, rows), vectors[..., tf.newaxis]), -1)


def _sparse_matrix(rows, factors, num_rows):
    """The matrix [N, R] of the factors."""
    count, each = tf.shape(rows)[0], rows.shape[1]
    owner = tf.repeat(tf.range(tf.cast(count, tf.int64)), each)
    indices = tf.stack([owner, tf.cast(tf.reshape(rows, [-1]), tf.int64)], axis=-1)
    shape = tf.cast(tf.stack([count, num_rows]), tf.int64)
    return tf.raw_ops.SparseTensorToCSRSparseMatrix(
        indices=indices, values=tf.reshape(factors, [-1]), dense_shape=shape
    )


def _product(matrix, dense):
    product = tf.raw_ops.SparseMatrixMatMul(a=matrix, b=dense)
    return tf.ensure_shape(product, [None, dense.shape[-1]])
