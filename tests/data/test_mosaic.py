"""The mosaic against a canvas of four whole images."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.data import mosaic
from centernet_tf.data.augmented import Augmented
from centernet_tf.errors import UserError
from centernet_tf.ops.color import ColorAffine, identity_color

SIZE = (24, 32)
PLACES = [(0, 0), (0, 1), (1, 0), (1, 1)]


@pytest.fixture
def images(rng):
    def image(number, count=12):
        corners = np.sort(rng.uniform(-8, 40, (count, 2, 2)), axis=1).reshape(-1, 4)
        return Augmented(
            image=tf.constant(rng.uniform(0, 255, (*SIZE, 3)), tf.float32),
            color=ColorAffine(
                tf.constant(rng.normal(0, 1, (3, 3)), tf.float32), tf.fill([3], 10.0 * number)
            ),
            boxes_px=tf.constant(corners, tf.float32),
            classes=tf.fill([count], number),
            keep=tf.constant(rng.uniform(size=count) < 0.8),
        )

    return [image(number) for number in range(4)]


def naive_tiles(images, center):
    canvas = np.zeros((2 * SIZE[0], 2 * SIZE[1], 3))
    for (row, column), each in zip(PLACES, images):
        colored = each.image.numpy() @ each.color.matrix.numpy() + each.color.bias.numpy()
        top, left = row * SIZE[0], column * SIZE[1]
        canvas[top : top + SIZE[0], left : left + SIZE[1]] = colored
    top, left = SIZE[0] - center[0], SIZE[1] - center[1]
    return canvas[top : top + SIZE[0], left : left + SIZE[1]]


def naive_box(box, place, center):
    """(the box in the mosaic, whether enough of it is seen)."""
    inside = np.clip(box, 0, np.tile(SIZE, 2))
    area = (inside[2] - inside[0]) * (inside[3] - inside[1])
    moved = []
    for side in range(4):
        axis = side % 2
        begin, end = (center[axis], SIZE[axis]) if place[axis] else (0, center[axis])
        canvas = inside[side] + place[axis] * SIZE[axis]
        moved.append(min(max(canvas - SIZE[axis] + center[axis], begin), end))
    height, width = moved[2] - moved[0], moved[3] - moved[1]
    return moved, height >= 2 and width >= 2 and height * width >= 0.25 * area


@pytest.mark.parametrize("center", [(6, 8), (12, 16), (17, 9), (18, 24)])
def test_pixels_are_a_window_of_the_canvas(images, center):
    ours = mosaic.tile_images(images, tf.constant(center), SIZE)
    np.testing.assert_allclose(ours, naive_tiles(images, center), rtol=1e-4, atol=1e-3)


# A quarter of the input is left out: whether rounding makes it enough of a high box is all one.
@pytest.mark.parametrize("center", [(7, 9), (17, 9), (17, 23)])
@pytest.mark.parametrize("place", PLACES)
def test_boxes_equal_a_naive_loop(rng, place, center):
    corners = np.sort(rng.uniform(-12, 44, (200, 2, 2)), axis=1).reshape(-1, 4).astype(np.float32)
    boxes_px, visible = mosaic.place_boxes(corners, place, tf.constant(center), SIZE)
    expected = [naive_box(box, place, center) for box in corners]
    np.testing.assert_allclose(boxes_px, [box for box, _ in expected], atol=1e-4)
    np.testing.assert_array_equal(visible, [seen for _, seen in expected])
    assert 0 < np.sum(visible) < 200


def test_a_quarter_of_the_visible_area_and_two_pixels_are_enough():
    """The last image of a mosaic that meets in the middle shows its first 12 by 16 pixels."""
    boxes = {
        (0, 8, 4, 40): True,  # 8 of the 24 columns inside the input
        (0, 10, 4, 40): True,  # 6 of 22
        (0, 11, 4, 40): False,  # 5 of 21
        (0, 4, 2, 8): True,
        (0, 4, 1.9, 8): False,
        (14, 4, 20, 8): False,
    }
    corners = tf.constant(list(boxes), tf.float32)
    _, visible = mosaic.place_boxes(corners, (1, 1), tf.constant([12, 16]), SIZE)
    assert visible.numpy().tolist() == list(boxes.values())


def test_meeting_points_are_spread_over_the_middle_half():
    seeds = tf.random.experimental.stateless_split([1, 2], 300)
    data = tf.data.Dataset.from_tensor_slices(seeds)
    points = data.map(lambda seed: mosaic.random_meeting_point((64, 96), seed))
    points = np.array(list(points.as_numpy_iterator()))
    assert (points.min(axis=0) >= (16, 24)).all() and (points.max(axis=0) <= (48, 72)).all()
    assert (points.min(axis=0) <= (17, 26)).all() and (points.max(axis=0) >= (47, 70)).all()
    np.testing.assert_allclose(points.mean(axis=0), (32, 48), atol=3)


def test_mosaics_hold_what_is_seen_of_all_four_inside_tf_data_too(images):
    seeds = np.int32([[i, 5] for i in range(6)])
    data = tf.data.Dataset.from_tensor_slices(seeds)
    data = data.map(lambda seed: mosaic.compose(images, SIZE, seed), 2)
    assert data.element_spec.image.shape == (*SIZE, 3)
    for seed, mapped in zip(seeds, data):
        center = mosaic.random_meeting_point(SIZE, seed).numpy()
        placed = [
            (*naive_box(box, place, center), keep, number)
            for number, (place, each) in enumerate(zip(PLACES, images))
            for box, keep in zip(each.boxes_px.numpy(), each.keep.numpy())
        ]
        for ours in (mapped, mosaic.compose(images, SIZE, tf.constant(seed))):
            np.testing.assert_allclose(
                ours.image, naive_tiles(images, center), rtol=1e-4, atol=0.01
            )
            np.testing.assert_allclose(ours.boxes_px, [each[0] for each in placed], atol=1e-4)
            np.testing.assert_array_equal(ours.keep, [each[1] and each[2] for each in placed])
            np.testing.assert_array_equal(ours.classes, [each[3] for each in placed])
            for part, same in zip(ours.color, identity_color()):
                np.testing.assert_array_equal(part, same)


def test_a_wrong_probability_is_explained():
    with pytest.raises(UserError, match="augmentation.mosaic is a probability from 0 to 1; got 2"):
        load_config([], ["data.augmentation.mosaic=2.0"])
