"""Large-scale jitter: where windows lie, their pixels and boxes, and what is dropped."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.data import augment_lsj
from centernet_tf.data.record_parser import parse_record
from centernet_tf.errors import UserError
from centernet_tf.settings import AugmentationConfig

INPUT_SIZE = (64, 96)
CASES = [
    ((48, 60), 0.1),
    ((48, 60), 0.73),
    ((48, 60), 1.0),
    ((48, 60), 1.37),
    ((48, 60), 2.0),
    ((200, 31), 1.9),  # higher than the input, but narrower
    ((31, 200), 1.9),
    ((400, 1), 0.1),
    ((1, 1), 2.0),
]


def options(**changes):
    return AugmentationConfig(**{"recipe": "lsj", "horizontal_flip": 0.0, **changes})


@pytest.fixture
def make_sample(encode_image, make_record):
    def make(pixels, boxes_px=(), is_crowd=None):
        boxes = np.reshape(boxes_px, (-1, 4)) / np.tile(pixels.shape[:2], 2)
        crowd = np.zeros(len(boxes), np.int64) if is_crowd is None else is_crowd
        record = make_record(
            encode_image(pixels), boxes, [3] * len(boxes), image__object__is_crowd=crowd
        )
        return parse_record(record, [3, 7])

    return make


def naive_place(image_size, factor, place):
    """(first, extent, shown) of one window, each (y, x)."""
    scale = factor * min(INPUT_SIZE[0] / image_size[0], INPUT_SIZE[1] / image_size[1])
    window = []
    for side, limit, where in zip(image_size, INPUT_SIZE, place):
        scaled = max(round(side * scale), 1)
        extent = side if scaled <= limit else min(max(round(limit / scale), 1), side)
        window.append((int(where * (side - extent + 1)), extent, min(scaled, limit)))
    return tuple(zip(*window))


def naive_corner(pixels, first, extent, shown, mirror_y, mirror_x):
    part = pixels[first[0] : first[0] + extent[0], first[1] : first[1] + extent[1]]
    part = part[:: -1 if mirror_y else 1, :: -1 if mirror_x else 1].astype(float)
    output = np.zeros((*INPUT_SIZE, 3))
    for row in range(shown[0]):
        for column in range(shown[1]):
            y, x = row * extent[0] / shown[0], column * extent[1] / shown[1]
            top, left = int(y), int(x)
            bottom, right = min(top + 1, extent[0] - 1), min(left + 1, extent[1] - 1)
            upper = part[top, left] * (1 - x + left) + part[top, right] * (x - left)
            lower = part[bottom, left] * (1 - x + left) + part[bottom, right] * (x - left)
            output[row, column] = upper * (1 - y + top) + lower * (y - top)
    return output


def place_window(image_size, factor, place):
    place = tf.constant(place, tf.float32)
    return augment_lsj.place_window(tf.constant(image_size), INPUT_SIZE, factor, place)


@pytest.mark.parametrize("image_size, factor", CASES)
@pytest.mark.parametrize("place", [(0.0, 0.0), (0.3, 0.8), (1.0, 1.0)])
def test_windows_equal_a_naive_choice(image_size, factor, place):
    first, extent, shown = naive_place(image_size, factor, np.minimum(place, 0.999999))
    ours, ours_shown = place_window(image_size, factor, place)
    assert tuple(int(value) for value in ours[:4]) == (*first, *extent)
    assert tuple(ours_shown.numpy()) == shown


@pytest.mark.parametrize("image_size, factor", CASES)
@pytest.mark.parametrize("mirror", [(False, False), (True, False), (False, True)])
def test_pixels_equal_naive_sampling(rng, make_sample, image_size, factor, mirror):
    pixels = rng.integers(0, 256, (*image_size, 3)).astype(np.uint8)
    window, shown = place_window(image_size, factor, (0.3, 0.8))
    expected = naive_corner(pixels, *naive_place(image_size, factor, (0.3, 0.8)), *mirror)
    window = window._replace(mirror_y=tf.constant(mirror[0]), mirror_x=tf.constant(mirror[1]))
    ours = augment_lsj.read_corner(make_sample(pixels).image, window, shown, INPUT_SIZE)
    np.testing.assert_allclose(ours, expected, atol=0.02)


def test_factors_are_spread_over_their_range(make_sample):
    sample = make_sample(np.full((64, 96, 3), 200, np.uint8))

    def shown_part(seed):
        image = augment_lsj.augment(sample, INPUT_SIZE, options(lsj_scale_max=1.0), seed).image
        return tf.reduce_mean(tf.cast(image[:, 0, 0] > 0.0, tf.float32))

    seeds = tf.random.experimental.stateless_split([1, 2], 300)
    data = tf.data.Dataset.from_tensor_slices(seeds).map(shown_part)
    counts, _ = np.histogram(list(data.as_numpy_iterator()), np.linspace(0.09, 1.01, 5))
    assert counts.sum() == 300 and counts.min() > 45


@pytest.mark.parametrize("flips", [{}, {"horizontal_flip": 1.0, "vertical_flip": 1.0}])
def test_small_images_lie_at_the_top_left(make_sample, flips):
    sample = make_sample(np.full((64, 96, 3), 200, np.uint8), [[0, 0, 64, 96]])
    quiet = options(lsj_scale_min=0.5, lsj_scale_max=0.5, **flips)
    ours = augment_lsj.augment(sample, INPUT_SIZE, quiet, tf.constant([3, 4]))
    np.testing.assert_array_equal(ours.image[:32, :48], np.full((32, 48, 3), 200.0))
    assert np.sum(ours.image) == 32 * 48 * 3 * 200.0
    np.testing.assert_allclose(ours.boxes_px, [[0, 0, 32, 48]], atol=1e-4)
    np.testing.assert_array_equal(ours.color.matrix, np.eye(3))


def test_boxes_stay_on_their_objects_and_are_clipped(make_sample):
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[20:70, 30:90] = 255
    sample = make_sample(pixels, [[20, 30, 70, 90]])
    lively = options(lsj_scale_min=0.5, horizontal_flip=0.5, vertical_flip=0.5)
    for seed in range(40):
        ours = augment_lsj.augment(sample, INPUT_SIZE, lively, tf.constant([seed, 1]))
        rows, columns = np.nonzero(ours.image.numpy()[..., 0] > 127)
        shown = [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
        # Pixels of an enlarged image blend over up to its scale, here 1.28 pixels.
        np.testing.assert_allclose(ours.boxes_px[0], shown, atol=1.3)
        assert ours.keep[0]


def test_crowds_and_boxes_of_which_nothing_is_left_are_dropped(make_sample):
    boxes = [[1, 1, 9, 9], [1, 1, 9, 9], [5, 5, 9, 5.02], [5, 5, 9, 5.005], [-9, -9, 0.005, 9]]
    sample = make_sample(np.zeros((64, 96, 3), np.uint8), boxes, [0, 1, 0, 0, 0])
    exact = options(lsj_scale_min=1.0, lsj_scale_max=1.0)
    ours = augment_lsj.augment(sample, INPUT_SIZE, exact, tf.constant([0, 0]))
    np.testing.assert_array_equal(ours.keep, [True, False, True, False, False])


def test_inside_tf_data_equals_eager(rng, make_sample):
    pixels = rng.integers(0, 256, (50, 70, 3)).astype(np.uint8)
    sample = make_sample(pixels, [[5, 5, 30, 40], [20, 20, 50, 70]])
    seeds = np.int32([[i, 2] for i in range(12)])
    dataset = tf.data.Dataset.from_tensor_slices(seeds).map(
        lambda seed: augment_lsj.augment(sample, INPUT_SIZE, options(horizontal_flip=0.5), seed), 2
    )
    assert dataset.element_spec.image.shape == (*INPUT_SIZE, 3)
    for seed, mapped in zip(seeds, dataset):
        eager = augment_lsj.augment(sample, INPUT_SIZE, options(horizontal_flip=0.5), seed)
        for ours, other in zip(tf.nest.flatten(mapped), tf.nest.flatten(eager)):
            np.testing.assert_allclose(ours, other, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("low, high", [(0.0, 1.0), (1.5, 1.0)])
def test_wrong_scales_are_explained(low, high):
    override = f"data.augmentation.lsj_scale_min={low},data.augmentation.lsj_scale_max={high}"
    with pytest.raises(UserError, match="needs 0 < lsj_scale_min <= lsj_scale_max; got"):
        load_config([], [override])
