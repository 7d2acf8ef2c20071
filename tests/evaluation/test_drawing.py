"""Boxes land where they should, in the colour of their class, with labels inside the picture."""

import numpy as np
import pytest

from centernet_tf.evaluation.drawing import class_color, draw_detections

GREY = np.full([120, 160, 3], 128, np.uint8)


def changed(picture, image=GREY):
    """Rows and columns that differ from the image."""
    return np.argwhere(np.any(np.asarray(picture) != image, axis=-1))


def test_a_hundred_classes_have_a_hundred_colors():
    colors = [class_color(index) for index in range(100)]
    assert len(set(colors)) == 100
    assert all(0 <= value <= 255 for color in colors for value in color)


def test_box_is_drawn_on_its_sides_in_the_color_of_its_class():
    pixels = np.asarray(draw_detections(GREY, [[40, 30, 100, 130]], ["cat"], classes=[3]))
    for y, x in ((99, 80), (70, 31), (70, 129)):
        assert tuple(pixels[y, x]) == class_color(3)
    np.testing.assert_array_equal(pixels[60:90, 60:100], GREY[60:90, 60:100])


def test_nothing_to_draw_leaves_the_image():
    picture = draw_detections(GREY, np.zeros([0, 4]), [], [])
    np.testing.assert_array_equal(np.asarray(picture), GREY)


@pytest.mark.parametrize("scores", [None, [0.9, 0.8, 0.7]])
def test_boxes_that_are_not_finite_are_left_out(scores):
    boxes = [[np.nan, 10, 50, 60], [40, 30, 100, 130], [20, -np.inf, 40, np.inf]]
    picture = draw_detections(GREY, boxes, ["a", "b", "c"], scores)
    alone = draw_detections(GREY, boxes[1:2], ["b"], scores and scores[1:2])
    np.testing.assert_array_equal(np.asarray(picture), np.asarray(alone))


@pytest.mark.parametrize(
    "box", [[-50, -60, 400, 500], [5, 150, 30, 400], [-9, -9, -2, -2], [50, 60, 40, 20]]
)
def test_boxes_beyond_the_image_or_inside_out_are_drawn_or_left_out(box):
    picture = draw_detections(GREY, [box], ["a rather long class name"], [0.5])
    assert picture.size == (160, 120)


def test_label_stays_inside_at_every_corner():
    for box in ([0, 0, 12, 12], [0, 148, 12, 160], [108, 0, 120, 12], [108, 148, 120, 160]):
        inside = changed(draw_detections(GREY, [box], ["erythrocyte"], [0.87]))
        wide = np.zeros([360, 480, 3], np.uint8)
        moved = np.array(box) + [120, 160, 120, 160]
        free = changed(draw_detections(wide, [moved], ["erythrocyte"], [0.87]), wide)
        assert len(inside) > 0.4 * len(free)


def test_labels_of_neighbours_do_not_cover_each_other():
    boxes = [[40, 20, 100, 80], [40, 22, 100, 82]]
    pixels = np.asarray(draw_detections(GREY, boxes, ["one", "two"], [0.9, 0.8], [0, 1]))
    plain = [np.sum(np.all(pixels == class_color(index), axis=-1)) for index in (0, 1)]
    alone = [
        np.sum(
            np.all(
                np.asarray(draw_detections(GREY, [box], [name], [score], [index]))
                == class_color(index),
                axis=-1,
            )
        )
        for index, (box, name, score) in enumerate(zip(boxes, ["one", "two"], [0.9, 0.8]))
    ]
    assert plain[0] > 0.8 * alone[0]
    assert plain[1] > 0.6 * alone[1]


def test_small_images_are_enlarged_with_their_boxes():
    picture = draw_detections(GREY, [[40, 30, 100, 130]], ["cat"], classes=[0], min_side=480)
    assert picture.size == (640, 480)
    assert picture.getpixel((320, 399)) == class_color(0)


def test_the_same_label_has_the_same_color_everywhere():
    a = draw_detections(GREY, [[40, 30, 100, 130]], ["cat"])
    b = draw_detections(GREY, [[10, 10, 20, 20], [40, 30, 100, 130]], ["dog", "cat"])
    assert a.getpixel((80, 99)) == b.getpixel((80, 99))


def test_an_empty_label_leaves_only_the_box():
    boxes = [[40, 30, 100, 130]]
    rows = changed(draw_detections(GREY, boxes, [""], classes=[3]))[:, 0]
    assert (rows.min(), rows.max()) == (39, 101)
    assert changed(draw_detections(GREY, boxes, ["cat"], classes=[3]))[:, 0].min() < 35
