"""Boxes are clipped, turned or left out, and every time it is counted."""

import math

import pytest

from centernet_tf.data.annotations import BoxAnnotation, ImageAnnotation
from centernet_tf.data.box_check import check_boxes
from centernet_tf.data.image_check import CheckedImage
from centernet_tf.data.problems import ProblemReport


def check(*boxes_px, recorded=(40, 60), real=(40, 60), orientation=1, area=None, **options):
    boxes = []
    for box in boxes_px:
        own = (box[2] - box[0]) * (box[3] - box[1])
        boxes.append(BoxAnnotation(box, 1, area=own if area is None else area))
    image = ImageAnnotation(1, "a.jpg", "a.jpg", *recorded, tuple(boxes))
    checked = CheckedImage(b"", "jpeg", *real, orientation, "")
    report = ProblemReport()
    found = check_boxes(image, checked, report, **options)
    return found, report


def found_boxes(found):
    return [box.box_px for box in found]


def test_boxes_inside_are_untouched():
    boxes = [(0.0, 0.0, 40.0, 60.0), (3.25, 4.5, 4.25, 5.5)]
    found, report = check(*boxes)
    assert found_boxes(found) == boxes
    assert report.reasons() == []


@pytest.mark.parametrize(
    "box, clipped",
    [
        ((-2.0, 5, 10, 15), (0, 5, 10, 15)),
        ((5, -1.5, 10, 15), (5, 0, 10, 15)),
        ((5, 5, 42, 15), (5, 5, 40, 15)),
        ((5, 5, 10, 61.0), (5, 5, 10, 60)),
        ((-2, -2, 42, 62), (0, 0, 40, 60)),
    ],
)
def test_overhang_of_two_pixels_is_clipped(box, clipped):
    found, report = check(box)
    assert found_boxes(found) == [clipped]
    assert report.count("clipped") == 1 and not report.dropped("box")
    assert found[0].area == (clipped[2] - clipped[0]) * (clipped[3] - clipped[1])


def test_an_area_of_its_own_survives_clipping():
    found, _ = check((-2.0, 5, 10, 15), area=33.0)
    assert found[0].area == 33.0


def test_rounding_is_no_problem():
    found, report = check((5, 5, 40.0000001, 60.0000001))
    assert found_boxes(found) == [(5, 5, 40, 60)]
    assert report.reasons() == []


@pytest.mark.parametrize(
    "box, reason",
    [
        ((-2.1, 5, 10, 15), "outside_image"),
        ((5, 5, 10, 62.5), "outside_image"),
        ((40, 5, 41, 15), "outside_image"),
        ((-1, 5, 0, 15), "outside_image"),
        ((5, 5, 5, 15), "zero_area"),
        ((5, 15, 10, 5), "negative_area"),
        ((math.nan, 5, 10, 15), "not_finite"),
        ((0, 5, math.inf, 15), "not_finite"),
    ],
)
def test_unusable_boxes_are_left_out(box, reason):
    found, report = check(box, (1, 2, 3, 4))
    assert found_boxes(found) == [(1, 2, 3, 4)]
    assert report.dropped("box") == {reason: 1}
    assert report.entries(reason)[0]["file_name"] == "a.jpg"


@pytest.mark.parametrize(
    "box",
    [
        # The rest lies outside, or the sides are the same number in a record.
        (5, 59.9999999, 10, 61.5),
        (39.9999999, 5, 41, 10),
        (5, 5, 10, 5 + 1e-7),
        (33, 5, 33.000001, 10),
    ],
)
def test_boxes_that_lose_their_extent_in_a_record_are_left_out(box):
    found, report = check(box, (1, 2, 3, 4))
    assert found_boxes(found) == [(1, 2, 3, 4)]
    assert report.reasons() == ["zero_area"]


def test_boxes_that_keep_an_extent_in_a_record_are_kept():
    boxes = [(39.99, 59.99, 41, 61), (0, 0, 1e-3, 1e-3)]
    found, report = check(*boxes)
    assert found_boxes(found) == [(39.99, 59.99, 40, 60), (0, 0, 1e-3, 1e-3)]
    assert not report.dropped("box")


def test_exact_duplicates_are_left_out():
    found, report = check((1, 2, 3, 4), (1, 2, 3, 4), (1, 2, 3, 4.5))
    assert found_boxes(found) == [(1, 2, 3, 4), (1, 2, 3, 4.5)]
    assert report.dropped("box") == {"duplicate_box": 1}


@pytest.mark.parametrize(
    "recorded, exif_boxes, expected",
    [
        # An upright image of 60 x 40 pixels (height, width), stored lying, as 40 x 60.
        ((40, 60), "auto", (2, 30, 4, 39)),
        ((0, 0), "auto", (2, 30, 4, 39)),
        ((60, 40), "auto", (1, 2, 10, 4)),
        ((60, 40), "stored", (2, 30, 4, 39)),
        ((40, 60), "upright", (1, 2, 10, 4)),
    ],
)
def test_boxes_of_turned_photographs(recorded, exif_boxes, expected):
    found, report = check(
        (1, 2, 10, 4), recorded=recorded, real=(60, 40), orientation=6, exif_boxes=exif_boxes
    )
    assert found_boxes(found) == [expected]
    assert report.count("oriented") == 1 and report.count("boxes_rescaled") == 0


@pytest.mark.parametrize(
    "recorded, exif_boxes, expected, frame",
    [
        # Annotated at twice the size, upright and as stored.
        ((320, 240), "auto", (10, 20, 30, 40), "boxes drawn on it upright"),
        ((240, 320), "auto", (20, 90, 40, 110), "boxes turned with it"),
        ((320, 240), "upright", (10, 20, 30, 40), "boxes drawn on it upright"),
    ],
)
def test_boxes_of_photographs_turned_and_resized(recorded, exif_boxes, expected, frame):
    found, report = check(
        (20, 40, 60, 80), recorded=recorded, real=(160, 120), orientation=6, exif_boxes=exif_boxes
    )
    assert found_boxes(found) == [expected]
    assert report.entries("oriented")[0]["detail"] == f"EXIF orientation 6, {frame}"
    assert report.count("boxes_rescaled") == 1


def test_a_square_photograph_says_nothing_of_its_frame():
    found, report = check((1, 2, 10, 4), recorded=(80, 80), real=(40, 40), orientation=6)
    assert found_boxes(found) == [(1, 35, 2, 39.5)]
    assert report.entries("oriented")[0]["detail"].endswith("boxes turned with it")


def test_boxes_of_photographs_upside_down():
    assert found_boxes(check((1, 2, 10, 4), orientation=3)[0]) == [(30, 56, 39, 58)]
    upright = check((1, 2, 10, 4), orientation=3, exif_boxes="upright")[0]
    assert found_boxes(upright) == [(1, 2, 10, 4)]


def test_a_nearly_black_image_is_named():
    image = ImageAnnotation(1, "dark.png", "dark.png", 8, 8, (BoxAnnotation((1, 2, 3, 4), 1),))
    checked = CheckedImage(b"", "png", 8, 8, 1, "PNG I;16", nearly_black="PNG I;16, all 0")
    report = ProblemReport()
    assert len(check_boxes(image, checked, report)) == 1
    assert report.entries("nearly_black") == [
        {"file_name": "dark.png", "detail": "PNG I;16, all 0"}
    ]
    assert not report.dropped("image")


def test_boxes_follow_a_resized_image():
    found, report = check((10, 20, 30, 40), recorded=(80, 120), area=300.0)
    assert found_boxes(found) == [(5, 10, 15, 20)]
    assert found[0].area == 75.0
    assert report.count("boxes_rescaled") == 1


@pytest.mark.parametrize("recorded", [(41, 60), (40, 58), (60, 40), (100, 60)])
def test_other_sizes_are_counted_and_boxes_kept(recorded):
    found, report = check((10, 20, 30, 40), recorded=recorded)
    assert found_boxes(found) == [(10, 20, 30, 40)]
    assert report.reasons() == ["size_differs"]
