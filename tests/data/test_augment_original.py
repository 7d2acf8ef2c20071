"""The original's augmentation: its distribution, and one sample against the original's formulas."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.data import augment_original
from centernet_tf.data.record_parser import parse_record
from centernet_tf.ops.color import apply_color
from centernet_tf.settings import AugmentationConfig


@pytest.fixture
def pixels(rng):
    return rng.integers(0, 256, (60, 90, 3)).astype(np.uint8)


@pytest.fixture
def sample(pixels, encode_image, make_record):
    boxes = [[0.1, 0.2, 0.5, 0.6], [0.4, 0.5, 0.9, 0.8]]
    record = make_record(encode_image(pixels), boxes, [3, 7], image__object__is_crowd=[0, 1])
    return parse_record(record, [3, 7])


def options(**changes):
    quiet = {"color_jitter": 0.0, "lighting": 0.0, "horizontal_flip": 0.0}
    return AugmentationConfig(**{**quiet, **changes})


def windows(image_size, input_size, count=400, **changes):
    seeds = tf.random.experimental.stateless_split([1, 2], count)
    image_size = tf.constant(image_size, tf.int32)

    def draw(seed):
        return augment_original.random_window(image_size, input_size, options(**changes), seed)

    return list(tf.data.Dataset.from_tensor_slices(seeds).map(draw).as_numpy_iterator())


@pytest.mark.parametrize("image_size", [(480, 640), (640, 480)])
def test_extents_are_the_eight_factors_of_the_longer_side(image_size):
    extents = {int(w.width) for w in windows(image_size, (512, 512))}
    assert extents == {384, 448, 512, 576, 640, 704, 768, 832}
    for window in windows(image_size, (512, 512), 20):
        assert window.height == window.width


def test_centers_follow_the_border_rule():
    drawn = windows((480, 640), (512, 512))
    x = [int(w.left + w.width // 2) for w in drawn]
    y = [int(w.top + w.height // 2) for w in drawn]
    assert 128 <= min(x) < 140 and 500 < max(x) < 512
    assert 128 <= min(y) < 140 and 340 < max(y) < 352


@pytest.mark.parametrize("input_size", [(256, 512), (512, 256)])
def test_factor_one_is_the_letterbox_scale_for_any_input_shape(input_size):
    image_size = np.array([480, 640])
    (window, *_) = windows(image_size, input_size, 1, scale_min=1.0, scale_max=1.0)
    extent = np.array([window.height, window.width])
    scale = np.array(input_size) / extent
    expected = np.min(np.array(input_size) / image_size)
    np.testing.assert_allclose(scale, expected, rtol=5e-3)


def test_one_sample_equals_the_originals_formulas(pixels, sample):
    """Flip the image, mirror the centre as W - x - 1, warp x' = (x - c) T / s + T / 2."""
    side = 64
    for seed in range(6):
        seed = tf.constant([seed, 0])
        ours = augment_original.augment(sample, (side, side), options(horizontal_flip=1.0), seed)
        window_seed = augment_original.split_seed(seed, 3)[0]
        window = augment_original.random_window(
            tf.constant([60, 90]), (side, side), options(), window_seed
        )
        extent = int(window.width)
        # The centre of the flipped picture is drawn before it is mirrored.
        center_x = 90 - (int(window.left) + extent // 2) - 1
        center_y = int(window.top) + extent // 2
        boxes = sample.boxes_px.numpy()
        boxes[:, [1, 3]] = 90 - boxes[:, [3, 1]] - 1
        center = np.array([center_y, center_x] * 2)
        expected_boxes = (boxes - center) * side / extent + side / 2
        np.testing.assert_allclose(ours.boxes_px, expected_boxes, atol=1e-3)

        flipped = np.pad(pixels[:, ::-1], ((200, 200), (200, 200), (0, 0))).astype(np.float32)
        rows = (np.arange(side) - side / 2) * extent / side + center_y + 200
        columns = (np.arange(side) - side / 2) * extent / side + center_x + 200
        expected = _bilinear(flipped, rows, columns)
        np.testing.assert_allclose(ours.image[:-2, :-2], expected[:-2, :-2], atol=0.01)


def _bilinear(image, rows, columns):
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    fy, fx = (rows - top)[:, None, None], (columns - left)[None, :, None]
    upper = image[np.ix_(top, left)] * (1 - fx) + image[np.ix_(top, left + 1)] * fx
    lower = image[np.ix_(top + 1, left)] * (1 - fx) + image[np.ix_(top + 1, left + 1)] * fx
    return upper * (1 - fy) + lower * fy


def test_vertical_flip_mirrors_rows(sample):
    seed = tf.constant([4, 0])
    upright = augment_original.augment(sample, (64, 64), options(), seed)
    turned = augment_original.augment(sample, (64, 64), options(vertical_flip=1.0), seed)
    # Both windows have the same centre, which maps to the middle of the input.
    mirrored = 64.0 - upright.boxes_px.numpy()[:, [2, 1, 0, 3]]
    np.testing.assert_allclose(turned.boxes_px.numpy()[:, [0, 2]], mirrored[:, [0, 2]], atol=1e-3)
    np.testing.assert_allclose(turned.boxes_px[:, 1], upright.boxes_px[:, 1], atol=1e-3)
    np.testing.assert_allclose(turned.image[1:], upright.image[1:][::-1], atol=0.01)


def test_crowds_are_trained_as_objects(sample):
    ours = augment_original.augment(sample, (64, 64), options(), tf.constant([0, 0]))
    assert np.all(ours.keep)


def test_color_is_within_its_ranges(sample):
    gray = tf.fill([4, 4, 3], 100.0)
    loud = options(color_jitter=0.4, lighting=0.0)
    values = [
        apply_color(gray, augment_original.random_color(gray, loud, tf.constant([seed, 5])))
        for seed in range(60)
    ]
    # On a grey picture only brightness tells: contrast and saturation keep or share its factor.
    assert np.min(values) > 30.0 and np.max(values) < 200.0
    assert np.std(values) > 5.0


def test_inside_tf_data_equals_eager(sample):
    loud = AugmentationConfig()
    seeds = np.int32([[1, 2], [3, 4], [5, 6]])
    dataset = tf.data.Dataset.from_tensor_slices(seeds).map(
        lambda seed: augment_original.augment(sample, (64, 96), loud, seed), 2
    )
    assert dataset.element_spec.image.shape == (64, 96, 3)
    for seed, mapped in zip(seeds, dataset):
        eager = augment_original.augment(sample, (64, 96), loud, tf.constant(seed))
        for ours, other in zip(tf.nest.flatten(mapped), tf.nest.flatten(eager)):
            np.testing.assert_allclose(ours, other, rtol=1e-4, atol=1e-3)
