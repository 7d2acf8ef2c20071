"""mmdet's augmentation: windows that hold an object, what happens to boxes, and black borders."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.data import augment_mmdet
from centernet_tf.data.record_parser import parse_record
from centernet_tf.settings import AugmentationConfig

INPUT_SIZE = (64, 64)


@pytest.fixture
def make_sample(rng, encode_image, make_record):
    def make(boxes_px, is_crowd=None, image_size=(120, 200)):
        pixels = rng.integers(1, 256, (*image_size, 3)).astype(np.uint8)
        boxes = np.reshape(boxes_px, (-1, 4)) / np.array([*image_size, *image_size])
        crowd = np.zeros(len(boxes), np.int64) if is_crowd is None else is_crowd
        record = make_record(
            encode_image(pixels), boxes, [3] * len(boxes), image__object__is_crowd=crowd
        )
        return parse_record(record, [3, 7])

    return make


def many(sample, count=60, **changes):
    options = AugmentationConfig(recipe="mmdet", **changes)
    seeds = tf.random.experimental.stateless_split([1, 2], count)
    dataset = tf.data.Dataset.from_tensor_slices(seeds).map(
        lambda seed: augment_mmdet.augment(sample, INPUT_SIZE, options, seed)
    )
    return list(dataset)


def test_every_window_holds_a_centre(make_sample):
    for ours in many(make_sample([[50, 90, 60, 104], [2, 2, 9, 9]])):
        assert np.any(ours.keep)


def test_kept_boxes_are_clipped_and_have_their_centre_inside(make_sample, rng):
    corners = np.sort(rng.uniform(0, 1, (30, 2, 2)), axis=1).reshape(-1, 4)
    for ours in many(make_sample(corners * [120, 200, 120, 200])):
        kept = ours.boxes_px.numpy()[ours.keep.numpy()]
        assert kept.min() >= 0.0 and kept.max() <= 64.0
        assert (kept[:, 2:] > kept[:, :2]).all()


def test_crowds_and_tiny_boxes_are_background(make_sample):
    sample = make_sample([[50, 90, 60, 104], [40, 80, 70, 120], [50, 90, 50.5, 95]], [0, 1, 0])
    for ours in many(sample, 20):
        assert not ours.keep[1] and not ours.keep[2]


@pytest.mark.parametrize("boxes", [[], [[0.0, 0.0, 1.5, 1.5]]])
def test_images_where_no_window_is_accepted_are_background(make_sample, boxes):
    """No boxes at all; or one in the corner that no window reaches, whose centre has a margin."""
    for ours in many(make_sample(boxes, image_size=(600, 600)), 10):
        assert not np.any(ours.keep)


def test_window_is_the_input_size_times_the_factor_in_original_pixels(make_sample):
    sample = make_sample([[50, 90, 60, 104]])
    options = AugmentationConfig()
    usable = tf.constant([True])
    sides = {
        int(augment_mmdet.choose_window(sample, usable, INPUT_SIZE, options, [i, 0]).height)
        for i in range(100)
    }
    assert sides == {int(64 * factor) for factor in (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3)}


def test_acceptance_equals_a_naive_loop(make_sample, rng):
    corners = np.sort(rng.uniform(0, 1, (20, 2, 2)), axis=1).reshape(-1, 4)
    sample = make_sample(corners * [120, 200, 120, 200])
    centers = rng.integers(0, 120, (50, 2)).astype(np.int32)
    extents = rng.integers(20, 90, (50, 2)).astype(np.int32)
    ours = augment_mmdet.centers_inside(sample, centers - extents // 2, extents).numpy()
    boxes = sample.boxes_px.numpy()
    for t, (center, extent) in enumerate(zip(centers, extents)):
        low = np.maximum(center - extent // 2, 0)
        high = np.minimum(center + extent // 2, [120, 200])
        for n, box in enumerate(boxes):
            middle = (box[:2] + box[2:]) / 2
            assert ours[t, n] == ((middle > low).all() and (middle < high).all())


def test_outside_of_the_image_is_black(make_sample):
    sample = make_sample([[5, 5, 25, 25]], image_size=(30, 30))
    for ours in many(sample, 10, scale_min=1.3, scale_max=1.3):
        # 83 pixels of window around 30 of image leave most of it outside, before any colour.
        black = np.all(ours.image.numpy() == 0.0, axis=-1).mean()
        assert black > 0.7
        np.testing.assert_array_equal(ours.color.bias, np.zeros(3))


def test_mirroring_keeps_boxes_on_their_objects(make_sample, encode_image, make_record):
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[40:60, 30:70] = 255
    record = make_record(encode_image(pixels), [[0.4, 0.3, 0.6, 0.7]], [3])
    sample = parse_record(record, [3, 7])
    exact = {"scale_min": 1.0, "scale_max": 1.0, "horizontal_flip": 1.0, "vertical_flip": 1.0}
    for ours in many(sample, 10, **exact):
        bright = ours.image.numpy()[..., 0]
        rows, columns = np.nonzero(bright > bright.max() / 2)
        shown = [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
        np.testing.assert_allclose(ours.boxes_px[0], shown, atol=1e-3)
