"""Random choices: their ranges, their independence of everything but the seed."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.random_window import (
    border_margin,
    random_center,
    random_event,
    random_factor,
    scale_factors,
    split_seed,
)


def original_margin(side, border=128):
    divisor = 1
    while side - border // divisor <= border // divisor:
        divisor *= 2
    return border // divisor


def test_margin_is_the_originals_for_every_side():
    sides = np.arange(1, 1500, dtype=np.int32)
    expected = [original_margin(side) for side in sides]
    np.testing.assert_array_equal(border_margin(tf.constant(sides)), expected)


@pytest.mark.parametrize("image_size", [(1, 1), (3, 300), (480, 640)])
def test_centers_keep_the_margin_and_reach_its_ends(image_size):
    centers = random_center(tf.constant(image_size), [1, 2], count=20000).numpy()
    for axis, side in enumerate(image_size):
        margin = original_margin(side)
        assert centers[:, axis].min() == margin
        assert centers[:, axis].max() == side - margin - 1


def test_factors_are_the_originals_eight():
    assert scale_factors(0.6, 1.3) == [0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3]
    assert scale_factors(1.0, 1.0) == [1.0]
    drawn = random_factor(scale_factors(0.6, 1.3), [3, 4], [2000]).numpy()
    values, counts = np.unique(drawn, return_counts=True)
    assert len(values) == 8
    assert counts.min() > 180


def test_events_have_their_probability():
    seeds = tf.random.experimental.stateless_split([5, 6], 1000)
    events = tf.map_fn(lambda seed: random_event(0.3, seed), seeds, fn_output_signature=tf.bool)
    assert 0.24 < np.mean(events) < 0.36
    assert not any(random_event(0.0, seed) for seed in seeds[:20])
    assert all(random_event(1.0, seed) for seed in seeds[:20])


def test_split_seeds_differ_and_repeat():
    first, second = split_seed([7, 8], 2)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, split_seed([7, 8], 2)[0])
