"""The right images, with boxes where the objects are."""

import numpy as np
import pytest

from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.record_annotations import read_annotations
from centernet_tf.evaluation import data_pictures
from centernet_tf.evaluation.drawing import class_color
from tests.evaluation.scenes import scene
from tests.evaluation.tiny_records import write_records


@pytest.mark.parametrize(
    "total, crowded, expected",
    [(3, 1, [0, 1, 2]), (20, 0, [0, 5, 10, 15]), (20, 13, [0, 5, 10, 13]), (4, 3, [0, 1, 2, 3])],
)
def test_spread_over_the_split_with_the_most_crowded(total, crowded, expected):
    images = [scene(i, [(2, (1, 1, 9, 9))] * (1 + (i == crowded))) for i in range(total)]
    places = data_pictures.chosen_images(images, 4)
    assert len(places) == len(set(places)) == min(total, 4)
    assert crowded in places
    assert places == expected or sorted(places) == expected


def test_pictures_belong_to_their_annotations(tmp_path):
    manifest = load_manifest(write_records(tmp_path, 7))
    annotations = read_annotations(manifest, "train")
    pictures = data_pictures.annotated_pictures(manifest, "train", annotations, 4)
    assert len(pictures) == 4
    for picture, place in zip(pictures, data_pictures.chosen_images(annotations, 4)):
        image = annotations[place]
        size = f"{image.width}x{image.height} px"
        assert picture.caption == f"{image.file_name}, {size}, boxes: {len(image.boxes)}"
        assert picture.picture.size == (round(80 * 280 / 48), 280)
        # Each object is a red square of 16x16 of the 48x80 pixels, partly under its outline.
        red = np.all(np.abs(np.asarray(picture.picture, int) - (220, 30, 60)) < 9, axis=-1)
        assert red.mean() * 48 * 80 / 256 == pytest.approx(len(image.boxes), rel=0.5, abs=0.01)


def test_an_image_that_cannot_be_decoded_is_said_to_be_so(tmp_path):
    manifest = load_manifest(write_records(tmp_path, 3, broken=(1,)))
    annotations = read_annotations(manifest, "train")
    captions = [
        p.caption for p in data_pictures.annotated_pictures(manifest, "train", annotations, 3)
    ]
    assert sum(caption.endswith("2.png: cannot be decoded") for caption in captions) == 1


def test_large_pictures_are_reduced_with_their_boxes():
    pixels = np.zeros([1000, 1440, 3], np.uint8)
    picture = data_pictures.box_picture(pixels, [[200, 400, 600, 800]], [1], ["a", "b"])
    assert picture.size == (720, 500)
    colored = np.all(np.asarray(picture) == class_color(1), axis=-1)
    rows, columns = np.flatnonzero(colored.any(1)), np.flatnonzero(colored.any(0))
    assert (rows[-1], columns[0], columns[-1]) == pytest.approx((300, 200, 400), abs=2)


def test_labels_give_way_to_colours_where_there_are_many(monkeypatch):
    seen = []
    monkeypatch.setattr(
        data_pictures, "draw_detections", lambda image, boxes, labels, **_: seen.append(labels)
    )
    pixels = np.zeros([64, 64, 3], np.uint8)
    for count in (2, 26):
        crowd = np.arange(count) == 1
        data_pictures.box_picture(pixels, [[0, 0, 9, 9]] * count, [0] * count, ["cat"], crowd)
    assert seen == [["cat", "cat (crowd)"], ["", "cat (crowd)"] + [""] * 24]
