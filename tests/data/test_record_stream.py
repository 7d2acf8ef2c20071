"""Order and seeds of the training stream."""

import os

import numpy as np
import pytest

from centernet_tf.data.record_stream import EpochPlan, training_stream


@pytest.fixture
def split(make_data_set):
    records = [str(i).encode() for i in range(23)]
    return make_data_set({"train": records}, num_shards=5).split("train")


def read(split, epochs, seed=5, passes=1, examples=20, shuffle_buffer=6, cache=False):
    stream = training_stream(
        split, seed, epochs, EpochPlan(examples, passes, shuffle_buffer, cache)
    )
    return [(tuple(s.tolist()), int(r)) for s, r in stream.as_numpy_iterator()]


@pytest.mark.parametrize("cache", [False, True])
def test_an_epoch_is_the_same_wherever_a_run_starts(split, cache):
    whole = read(split, (0, 4), cache=cache)
    assert len(whole) == 80
    for first in (1, 3):
        assert read(split, (first, 4), cache=cache) == whole[20 * first :]


@pytest.mark.parametrize("cache", [False, True])
def test_epochs_differ_in_order_and_seeds(split, cache):
    whole = read(split, (0, 3), cache=cache)
    orders = [[record for _, record in whole[20 * e : 20 * e + 20]] for e in range(3)]
    assert orders[0] != orders[1] != orders[2] != orders[0]
    assert all(len(set(order)) == 20 for order in orders)
    assert len({seed for seed, _ in whole}) == 60


def test_another_seed_is_another_order(split):
    assert read(split, (0, 1)) != read(split, (0, 1), seed=6)


@pytest.mark.parametrize("cache", [False, True])
def test_passes_cover_the_split_each(split, cache):
    records = [record for _, record in read(split, (0, 1), passes=3, examples=69, cache=cache)]
    np.testing.assert_array_equal(np.bincount(records), np.full(23, 3))


def read_with_partners(split, epochs=(0, 1), **plan):
    plan = EpochPlan(**{"examples": 23, "passes": 1, "shuffle_buffer": 6, "partners": 3, **plan})
    stream = training_stream(split, 5, epochs, plan)
    assert stream.element_spec[1].shape == (4,)
    return [(tuple(s.tolist()), r.astype(int).tolist()) for s, r in stream.as_numpy_iterator()]


@pytest.mark.parametrize("cache", [False, True])
def test_partners_change_neither_order_nor_seeds(split, cache):
    alone = read(split, (0, 2), examples=23, cache=cache)
    together = read_with_partners(split, (0, 2), cache=cache)
    assert [(seed, records[0]) for seed, records in together] == alone


@pytest.mark.parametrize("cache", [False, True])
def test_partners_of_an_epoch_are_the_same_wherever_a_run_starts(split, cache):
    whole = read_with_partners(split, (0, 3), cache=cache)
    assert read_with_partners(split, (2, 3), cache=cache) == whole[46:]
    epochs = [[records[1:] for _, records in whole[23 * e : 23 * e + 23]] for e in range(3)]
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]


@pytest.mark.parametrize("cache", [False, True])
def test_partners_are_every_record_equally_often_in_an_order_of_their_own(split, cache):
    found = read_with_partners(split, passes=2, examples=46, cache=cache)
    records, *partners = zip(*(records for _, records in found))
    np.testing.assert_array_equal(np.bincount(records), np.full(23, 2))
    np.testing.assert_array_equal(np.bincount(np.ravel(partners)), np.full(23, 6))
    assert all(np.mean(np.equal(records, each)) < 0.3 for each in partners)


def test_input_pipelines_share_records_and_partners(split):
    whole = read_with_partners(split)
    parts = [read_with_partners(split, pipelines=2, pipeline=number) for number in range(2)]
    assert parts == [whole[0::2], whole[1::2]]


def test_cache_does_without_the_files_after_the_first_epoch(split):
    plan = EpochPlan(examples=20, passes=1, shuffle_buffer=6, cache=True)
    stream = training_stream(split, 5, (0, 3), plan).as_numpy_iterator()
    first = [next(stream) for _ in range(20)]
    for path in split.shard_paths:
        os.remove(path)
    rest = list(stream)
    assert len(first) == 20
    assert len(rest) == 40
