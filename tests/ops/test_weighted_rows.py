"""Weighted sums of rows against loops, in both forms, and where the sparse one is used."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.weighted_rows import (
    dot_rows,
    is_sparse,
    sparse_products,
    spread,
    weighted_sum,
)

FORMS = {
    "eager": (lambda f: f, False),
    "xla": (lambda f: tf.function(f, jit_compile=True), False),
    "sparse": (tf.function, True),
}


@pytest.fixture(name="numbers")
def _numbers(rng):
    """A table of 7 rows, 5 sums of 4 rows each, of which some are the same, and 5 vectors."""
    rows = rng.integers(0, 7, [5, 4])
    rows[0] = 6
    table, vectors = rng.normal(size=[7, 3]), rng.normal(size=[5, 3])
    factors = rng.normal(size=[5, 4])
    floats = [tf.constant(each, tf.float32) for each in (table, factors, vectors)]
    return tf.constant(rows, tf.int32), *floats


@pytest.mark.parametrize("form", FORMS)
def test_sums_are_those_of_loops(numbers, form):
    rows, table, factors, _ = numbers
    expected = np.zeros([5, 3])
    for n, j in np.ndindex(5, 4):
        expected[n] += factors[n, j].numpy() * table[rows[n, j]].numpy()
    wrap, sparse = FORMS[form]
    sums = wrap(lambda *given: weighted_sum(*given, sparse))(table, rows, factors)
    np.testing.assert_allclose(sums, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_spread_adds_up_as_in_loops(numbers, form):
    rows, _, factors, vectors = numbers
    expected = np.zeros([7, 3])
    for n, j in np.ndindex(5, 4):
        expected[rows[n, j]] += factors[n, j].numpy() * vectors[n].numpy()
    wrap, sparse = FORMS[form]
    table = wrap(lambda *given: spread(*given, 7, sparse))(vectors, rows, factors)
    np.testing.assert_allclose(table, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("jit_compile", [None, True])
def test_products_of_rows_with_vectors(numbers, jit_compile):
    rows, table, _, vectors = numbers
    expected = [[table[r].numpy() @ v.numpy() for r in each] for each, v in zip(rows, vectors)]
    products = tf.function(dot_rows, jit_compile=jit_compile)(table, rows, vectors)
    np.testing.assert_allclose(products, expected, rtol=1e-5, atol=1e-6)


def test_the_sparse_form_is_used_where_it_was_asked_for_and_exists():
    assert not is_sparse(tf.float32)
    with sparse_products():
        assert is_sparse(tf.float32)
        assert not is_sparse(tf.float16) and not is_sparse(tf.bfloat16)
    assert not is_sparse(tf.float32)


def test_the_sparse_form_is_not_used_beside_a_gpu(monkeypatch):
    devices = [*tf.config.list_logical_devices(), tf.config.LogicalDevice("/gpu:0", "GPU")]
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda: devices)
    with sparse_products():
        assert not is_sparse(tf.float32)
