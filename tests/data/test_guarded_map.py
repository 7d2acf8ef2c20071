"""Records that cannot be used: left out, noted by number, and explained."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.data.encoded_image import read_pixels
from centernet_tf.data.guarded_map import guarded_map, usable_only
from centernet_tf.data.record_parser import parse_record


def height(seed, serialized):
    """Fails for every record whose image cannot be decoded or whose lists do not fit."""
    return tf.shape(read_pixels(parse_record(serialized, [3], check_ids=False).image))[0]


@pytest.fixture
def mixed(encode_image, make_record, rng):
    """Six records, of which those at 1, 2, 4 and 5 cannot be used."""
    pixels = rng.integers(0, 256, (40, 50, 3)).astype(np.uint8)
    jpeg = encode_image(pixels, "JPEG")
    damaged = make_record(jpeg[: len(jpeg) // 2], image__filename=b"cut.jpg")
    lists = make_record(jpeg, [[0, 0, 1, 1]], [3, 3], image__filename=b"lists.jpg")
    empty = make_record(b"", image__filename=b"empty.jpg")
    good = make_record(jpeg, image__filename=b"good.jpg")
    records = [good, damaged, lists, good, b"\xff no example", empty]
    data = tf.data.Dataset.from_tensor_slices(tf.constant(records))
    return data.map(lambda serialized: (tf.constant([1, 2]), serialized))


def test_usable_records_come_in_order_and_gaps_are_noted(mixed, tmp_path):
    path = tmp_path / "notes.txt"
    found = list(usable_only(mixed.repeat(2), height, tf.constant(7, tf.int64), str(path)))
    assert [int(value) for value in found] == [40] * 4
    assert path.read_text().splitlines() == [
        "left out 7 1 3 1",
        "left out 7 4 6 1",
        "left out 7 7 9 1",
    ]


def test_without_faults_nothing_is_written(mixed, tmp_path):
    path = tmp_path / "notes.txt"
    whole = mixed.take(1).repeat(5)
    assert len(list(usable_only(whole, height, tf.constant(0, tf.int64), str(path)))) == 5
    assert not path.exists()


def test_every_fault_is_explained_and_named(mixed):
    found = [
        (element.file_name.numpy().decode(), element.fault.numpy().decode())
        for element in guarded_map(mixed, height)
    ]
    unusable = "it holds no image, negative ids, or lists of different lengths"
    assert found == [
        ("", ""),
        ("cut.jpg", "its image cannot be decoded"),
        ("lists.jpg", unusable),
        ("", ""),
        ("a record without a name", "it is damaged, or no tf.train.Example"),
        ("empty.jpg", unusable),
    ]


def test_faults_of_partners_are_told_from_those_of_the_record(mixed):
    def heights(seed, serialized):
        records = tf.unstack(serialized) if serialized.shape.rank else [serialized]
        return tf.reduce_max([height(seed, record) for record in records])

    pairs = mixed.batch(2, drop_remainder=True).map(lambda seeds, records: (seeds[0], records))
    swapped = pairs.map(lambda seed, records: (seed, records[::-1]))
    found = [
        (element.file_name.numpy().decode(), element.fault.numpy().decode())
        for element in guarded_map(pairs.take(1).concatenate(swapped.take(2)), heights)
    ]
    assert found == [
        ("good.jpg", "a record that it was to be combined with cannot be used"),
        ("cut.jpg", "its image cannot be decoded"),
        ("good.jpg", "a record that it was to be combined with cannot be used"),
    ]
