"""What must hold for every box on its way from annotation to detection, borders and single pixels
included: it goes with the pixels it was drawn on, and comes back.
"""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from centernet_tf.config import load_config
from centernet_tf.data.orientation import swaps_sides, upright_box, upright_image, upright_point
from centernet_tf.detectors import make_detector
from centernet_tf.ops.geometry import (
    inverse_transform_boxes,
    letterbox_transform,
    transform_boxes,
)
from centernet_tf.ops.window import Window, resample_window, visible_part, window_boxes

few = settings(max_examples=50, deadline=None)
fewer = settings(max_examples=30, deadline=None)
# The turn that takes an upright image back to how it was stored.
UNDO = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}


@st.composite
def interval(draw, side):
    """Two whole numbers of which the first is smaller, between 0 and `side`."""
    low = draw(st.integers(0, side - 1))
    return low, draw(st.integers(low + 1, side))


@st.composite
def images_with_a_box(draw):
    """Height and width of an image from one pixel on, and a box of whole pixels inside it."""
    height, width = draw(st.integers(1, 24)), draw(st.integers(1, 24))
    (ymin, ymax), (xmin, xmax) = draw(interval(height)), draw(interval(width))
    return height, width, (ymin, xmin, ymax, xmax)


def mask_of(height, width, box):
    mask = np.zeros((height, width), np.uint8)
    mask[box[0] : box[2], box[1] : box[3]] = 255
    return mask


def box_of(mask):
    rows, columns = np.nonzero(mask)
    return (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)


@few
@given(images_with_a_box(), st.integers(1, 8))
def test_exif_turns_boxes_with_their_pixels(image, orientation):
    height, width, box = image
    turned = np.asarray(upright_image(Image.fromarray(mask_of(*image)), orientation))
    found = upright_box(box, orientation, height, width)
    assert found == box_of(turned)
    assert turned.shape == ((width, height) if swaps_sides(orientation) else (height, width))
    assert 0 <= found[0] < found[2] <= turned.shape[0]
    assert 0 <= found[1] < found[3] <= turned.shape[1]
    assert upright_box(found, UNDO[orientation], *turned.shape) == box


@few
@given(images_with_a_box(), st.integers(1, 8))
def test_exif_turns_points_with_their_pixels(image, orientation):
    height, width, (y, x, *_) = image
    turned = np.asarray(
        upright_image(Image.fromarray(mask_of(height, width, (y, x, y + 1, x + 1))), orientation)
    )
    # The middle of a pixel, and a corner of the image.
    middle = upright_point((y + 0.5, x + 0.5), orientation, height, width)
    assert turned[int(middle[0]), int(middle[1])] == 255
    assert middle[0] % 1 == middle[1] % 1 == 0.5
    corner = upright_point((0, 0), orientation, height, width)
    assert corner[0] in (0, turned.shape[0]) and corner[1] in (0, turned.shape[1])
    assert upright_point(corner, UNDO[orientation], *turned.shape) == (0, 0)


@st.composite
def windows(draw, height, width):
    """Windows that share at least a pixel with the image."""
    extent = draw(st.integers(1, 30)), draw(st.integers(1, 30))
    top = draw(st.integers(1 - extent[0], height - 1))
    left = draw(st.integers(1 - extent[1], width - 1))
    return Window(*map(tf.constant, (top, left, *extent, draw(st.booleans()), draw(st.booleans()))))


@few
@given(images_with_a_box(), st.data())
def test_windows_crop_and_mirror_boxes_with_their_pixels(image, data):
    height, width, box = image
    window = data.draw(windows(height, width))
    extent = int(window.height), int(window.width)
    top, left, rows, columns = visible_part(window, [height, width]).numpy()
    visible = mask_of(*image)[top : top + rows, left : left + columns, None]
    shown = resample_window(tf.constant(visible), window, [height, width], extent).numpy()[..., 0]
    # Borders between pixels, and the first and last pixel: the two meanings of a box's sides.
    for mirror_sum, last in ((0.0, 0), (-1.0, 1)):
        given_box = tf.constant([[*box[:2], box[2] - last, box[3] - last]], tf.float32)
        found = window_boxes(given_box, window, extent, mirror_sum)[0].numpy()
        edges = found + [0, 0, last, last]
        inside = np.clip(edges, 0, [*extent, *extent])
        if inside[0] < inside[2] and inside[1] < inside[3]:
            np.testing.assert_array_equal(box_of(shown), inside)
        else:
            assert not shown.any()
        np.testing.assert_array_equal(edges[2:] - edges[:2], np.subtract(box[2:], box[:2]))


@st.composite
def large_images_with_boxes(draw):
    height, width = draw(st.integers(1, 6000)), draw(st.integers(1, 6000))
    (ymin, ymax), (xmin, xmax) = draw(interval(height)), draw(interval(width))
    return (height, width), np.float32([[ymin, xmin, ymax, xmax], [0, 0, height, width]])


@few
@given(large_images_with_boxes(), st.sampled_from([(512, 512), (384, 640), (64, 32)]))
def test_the_letterbox_and_its_inverse(image, input_size):
    size, boxes = image
    transform = letterbox_transform(tf.constant(size), input_size)
    found = transform_boxes(tf.constant(boxes), transform).numpy()
    back = inverse_transform_boxes(tf.constant(found), transform).numpy()
    # A float32 of the input's size counts in steps of 2^-14 or so, which the inverse enlarges.
    np.testing.assert_allclose(back, boxes, atol=2e-4 / float(transform[0]) + 1e-3)
    limits = np.tile(input_size, 2)
    assert (found > -1e-3).all() and (found < limits + 1e-3).all()
    whole = found[1]
    np.testing.assert_allclose(whole[:2], limits[:2] - whole[2:], atol=1e-3)
    assert np.abs(whole - np.array([0, 0, *input_size])).reshape(2, 2).max(axis=0).min() < 1e-3


INPUT = (32, 64)
MOST = 6


@pytest.fixture(scope="module")
def detectors():
    """CenterNet in the reading of both originals, which differ in how they clip."""
    mmdet = {"variant": "mmdet", "radius_rule": "mmdet", "min_overlap": 0.3}
    made = {}
    for name, options in (("original", {}), ("mmdet", mmdet)):
        overrides = [
            f"data: {{input_size: {list(INPUT)}}}",
            str({"model": {"options": {"max_detections": 20, **options}}}),
        ]
        made[name] = make_detector(load_config([], overrides), 3)
    return made


@st.composite
def some_boxes(draw):
    """Boxes in quarters of a pixel from one pixel on, borders included, and their classes."""
    boxes = []
    for _ in range(draw(st.integers(0, MOST))):
        edges = []
        for side in INPUT:
            low = draw(st.integers(0, 4 * (side - 1)))
            edges.append((low / 4, draw(st.integers(low + 4, 4 * side)) / 4))
        boxes.append([edges[0][0], edges[1][0], edges[0][1], edges[1][1]])
    return np.float32(boxes).reshape(-1, 4), draw(
        st.lists(st.integers(0, 2), min_size=MOST, max_size=MOST)
    )


def with_cells_of_their_own(boxes, largest):
    """Returns the boxes, cut off at `largest`, whose centre lies in no earlier one's cell."""
    kept = {}
    for box in boxes:
        ends = np.minimum(box[2:], largest)
        kept.setdefault(tuple((box[:2] + ends) // 8), box)
    return np.reshape(list(kept.values()), (-1, 4)).astype(np.float32)


def check_round_trip(detector, boxes, classes, largest):
    """Checks that boxes come back, cut off at `largest` (y, x); what this empties does not."""
    expected = np.minimum(boxes, np.tile(largest, 2))
    there = (expected[:, :2] < expected[:, 2:]).all(axis=1)
    padded = np.zeros((MOST, 4), np.float32)
    padded[: len(boxes)] = boxes
    targets = detector.encode(
        tf.constant(padded), tf.constant(classes[:MOST]), tf.range(MOST) < len(boxes)
    )
    batched = {name: value[None] for name, value in targets.items()}
    found = detector.decode(detector.targets_to_outputs(batched))
    assert int((found.scores[0].numpy() > 0.99).sum()) == there.sum()
    for box, label in zip(expected[there], np.array(classes[: len(boxes)])[there]):
        far = np.abs(found.boxes[0].numpy() - box).max(axis=1)
        same = (far < 1e-3) & (found.classes[0].numpy() == label)
        assert same[: there.sum()].sum() == 1


@fewer
@given(some_boxes())
@pytest.mark.parametrize("variant, margin", [("original", 4), ("mmdet", 0)])
def test_decode_of_encode_is_the_box(detectors, variant, margin, sample):
    """The first original cuts boxes off a cell before the end of the map, the other at its end."""
    boxes, classes = sample
    largest = np.subtract(INPUT, margin)
    check_round_trip(detectors[variant], with_cells_of_their_own(boxes, largest), classes, largest)


@pytest.mark.parametrize("top", [0, 13.25, INPUT[0] - 1])
@pytest.mark.parametrize("left", [0, 21.5, INPUT[1] - 1])
def test_single_pixels_at_every_border_come_back(detectors, top, left):
    boxes = np.float32([[top, left, top + 1, left + 1]])
    check_round_trip(detectors["mmdet"], boxes, [1] * MOST, INPUT)
