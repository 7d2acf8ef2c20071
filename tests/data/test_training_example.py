"""What becomes of records and their partners."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.data.training_example import partners_wanted, training_example

SEED = tf.constant([3, 4])


@pytest.fixture
def make_solid(encode_image, make_record):
    """Returns a function (grey value, label) -> record of a grey image that is one object."""

    def make(value, label=3):
        png = encode_image(np.full((64, 96, 3), value, np.uint8))
        name = f"{value}.png".encode()
        return make_record(png, [[0, 0, 1, 1]], [label], image__filename=name)

    return make


def make_example(manifest, **augmentation):
    augmentation = {"recipe": "none", **augmentation}
    plain = {"input_size": [64, 96], "mean": [0, 0, 0], "std": [1, 1, 1], "max_boxes": 5}
    config = load_config([], [str({"data": {**plain, "augmentation": augmentation}})])
    return training_example(config, manifest)


@pytest.fixture
def manifest(make_data_set):
    return make_data_set({"train": []}, 1)


def test_each_option_asks_for_its_partners():
    def wanted(**augmentation):
        config = load_config([], [str({"data": {"augmentation": augmentation}})])
        return partners_wanted(config.data.augmentation)

    assert [wanted(), wanted(mosaic=0.1), wanted(mixup=0.1)] == [0, 3, 1]
    assert wanted(mosaic=1.0, mixup=1.0) == 4


def test_a_mosaic_shows_four_records_and_then_mixup_a_fifth(manifest, make_solid):
    records = tf.constant([make_solid(value) for value in (40, 80, 120, 160, 20)])
    both = make_example(manifest, mosaic=1.0, mixup=1.0)
    image = both(SEED, records).image.numpy()
    corners = image[[0, 0, -1, -1], [0, -1, 0, -1], 0]
    np.testing.assert_allclose(corners, [30, 50, 70, 90], atol=0.01)
    boxes_px, _, mask = both(SEED, records).objects
    # Of an object that fills its image, a mosaic keeps a quarter or more; mix-up keeps all of it.
    last = np.sum(mask) - 1
    assert 1 <= last <= 4
    np.testing.assert_array_equal(boxes_px[last], [0, 0, 64, 96])


def test_mixup_alone_takes_the_first_partner(manifest, make_solid):
    records = tf.constant([make_solid(40), make_solid(80, label=7)])
    ours = make_example(manifest, mixup=1.0)(SEED, records)
    np.testing.assert_allclose(ours.image, np.full((64, 96, 3), 60.0), atol=0.01)
    np.testing.assert_array_equal(ours.objects[1], [0, 1, 0, 0, 0])


def test_events_are_as_likely_as_configured_and_independent(manifest, make_solid):
    records = tf.constant([make_solid(value) for value in (40, 40, 40, 160, 250)])
    example = make_example(manifest, mosaic=0.5, mixup=0.25)
    seeds = tf.random.experimental.stateless_split([1, 2], 240)
    data = tf.data.Dataset.from_tensor_slices(seeds)
    corners = data.map(lambda seed: example(seed, records).image[-1, -1, 0]).as_numpy_iterator()
    values, counts = np.unique(np.round(list(corners)), return_counts=True)
    assert values.tolist() == [40, 145, 160, 205]
    # 90, 30, 90 and 30 are expected.
    assert (np.abs(counts - [90, 30, 90, 30]) < 25).all()


def test_partners_are_decoded_only_where_chance_has_it(manifest, make_solid):
    records = tf.constant([make_solid(40), *[b"no record"] * 4])
    for inside_tf_data in (False, True):

        def image(inside_tf_data=inside_tf_data, **mixing):
            example = make_example(manifest, **mixing)
            if not inside_tf_data:
                return example(SEED, records).image
            return next(iter(tf.data.Dataset.from_tensors((SEED, records)).map(example))).image

        np.testing.assert_array_equal(image(mosaic=1e-30, mixup=1e-30), image())
        for certain in ({"mosaic": 1.0}, {"mixup": 1.0}):
            with pytest.raises(tf.errors.InvalidArgumentError):
                image(**certain)


def test_a_record_alone_is_augmented_by_itself(manifest, make_solid):
    ours = make_example(manifest, mosaic=1.0, mixup=1.0)(SEED, tf.constant(make_solid(40)))
    plain = make_example(manifest)(SEED, tf.constant(make_solid(40)))
    for one, other in zip(tf.nest.flatten(ours), tf.nest.flatten(plain)):
        np.testing.assert_array_equal(one, other)


def test_a_partner_of_an_unknown_class_is_named(manifest, make_solid):
    records = [make_solid(40), make_solid(80), make_solid(120, label=99), make_solid(160)]
    ours = make_example(manifest, mosaic=1.0)(SEED, tf.constant(records))
    assert (int(ours.unknown_id), ours.file_name.numpy()) == (99, b"120.png")
    known = make_example(manifest, mosaic=1.0)(SEED, tf.constant(records[:2] * 2))
    assert (int(known.unknown_id), known.file_name.numpy()) == (-1, b"40.png")
