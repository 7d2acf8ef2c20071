"""What predict leaves on disk."""

import json
import os
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from centernet_tf.data.annotations import Category
from centernet_tf.errors import UserError
from centernet_tf.export.prediction_run import predict_images, summary
from centernet_tf.ops.detections import Detections


def detect_two(image):
    boxes = np.float32([[2, 4, 12, 24], [0, 0, 5, 5]])
    return Detections(boxes, np.float32([0.75, 0.25]), np.int32([1, 0]), np.int32(2))


PREDICTOR = SimpleNamespace(
    categories=(Category(3, "disc"), Category(7, "naïve")), predict=detect_two
)


@pytest.fixture
def images(tmp_path, rng):
    paths = []
    for name in ("one/a.jpg", "two/a.jpg", "two/b.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, [30, 40, 3], np.uint8)).save(path)
        paths.append(str(path))
    return paths


def test_the_file_is_a_coco_data_set_with_scores(images, tmp_path):
    out = tmp_path / "deep" / "out"
    document = predict_images(PREDICTOR, images, str(out), score_threshold=0.5)
    assert json.loads((out / "predictions.json").read_text(encoding="utf-8")) == document
    assert document["categories"] == [{"id": 3, "name": "disc"}, {"id": 7, "name": "naïve"}]
    assert len(document["annotations"]) == 3
    assert document["annotations"][1] == {
        "id": 2,
        "image_id": 2,
        "category_id": 7,
        "bbox": [4.0, 2.0, 20.0, 10.0],
        "area": 200.0,
        "iscrowd": 0,
        "score": 0.75,
    }
    image = document["images"][1]
    assert (image["id"], image["file_name"], image["width"], image["height"]) == (
        2,
        images[1],
        40,
        30,
    )
    (detection,) = image["detections"]
    assert detection["category_name"] == "naïve" and detection["bbox"] == [4.0, 2.0, 20.0, 10.0]


def test_pictures_of_equal_names_do_not_meet(images, tmp_path):
    document = predict_images(PREDICTOR, images, str(tmp_path / "out"), 0.1)
    drawn = [image["drawn"] for image in document["images"]]
    assert drawn == ["drawn/a.jpg", "drawn/a-2.jpg", "drawn/b.png"]
    for name in drawn:
        assert Image.open(tmp_path / "out" / name).size == (40, 30)


def test_nodraw_writes_the_json_alone(images, tmp_path):
    predict_images(PREDICTOR, images, str(tmp_path / "out"), 0.3, draw=False)
    assert os.listdir(tmp_path / "out") == ["predictions.json"]


def test_an_unreadable_image_leaves_nothing_behind(images, tmp_path):
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(UserError, match="missing.jpg"):
        predict_images(
            PREDICTOR, [*images, str(tmp_path / "missing.jpg")], str(tmp_path / "out"), 0.3
        )
    assert sorted(os.listdir(tmp_path)) == before


def test_skipped_images_are_counted_and_named(images, tmp_path):
    bad = str(tmp_path / "bad.jpg")
    with open(bad, "wb") as stream:
        stream.write(b"nothing")
    out = str(tmp_path / "out")
    document = predict_images(PREDICTOR, [bad, *images], out, 0.1, skip_unreadable=True)
    assert [image["id"] for image in document["images"]] == [1, 2, 3]
    (skipped,) = document["skipped"]
    assert skipped["file_name"] == bad and skipped["reason"]
    said = summary(document, out)
    assert said.startswith("Found 6 detections in 3 images; see ")
    assert f" Left out 1 unreadable image:\n  {bad}: it is no image" in said


def test_one_of_each_is_said_in_the_singular(images, tmp_path):
    document = predict_images(PREDICTOR, images[:1], str(tmp_path / "out"), 0.5, draw=False)
    said = summary(document, "out")
    assert said == "Found 1 detection in 1 image; see out/predictions.json."


def test_no_readable_image_at_all_is_an_error(tmp_path):
    with pytest.raises(UserError, match=r"No image can be read: 1 file tried, .*\(no such file\)"):
        predict_images(PREDICTOR, ["nowhere.jpg"], str(tmp_path / "o"), 0.3, skip_unreadable=True)
    assert os.listdir(tmp_path) == []


def test_a_second_run_replaces_the_first_on_request(images, tmp_path):
    out = tmp_path / "out"
    predict_images(PREDICTOR, images, str(out), 0.1)
    with pytest.raises(UserError, match="--overwrite"):
        predict_images(PREDICTOR, images[:1], str(out), 0.5)
    predict_images(PREDICTOR, images[:1], str(out), 0.5, overwrite=True)
    assert len(json.loads((out / "predictions.json").read_text())["images"]) == 1
    assert os.listdir(out / "drawn") == ["a.jpg"]
    assert not [name for name in os.listdir(tmp_path) if "incomplete" in name]


def test_output_that_is_a_file_is_one_sentence(images, tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(UserError, match="it is a file; name a folder"):
        predict_images(PREDICTOR, images, str(tmp_path / "out"), 0.3)


def test_a_run_that_found_nothing_says_what_to_try():
    document = {"images": [{"drawn": "a.png"}], "annotations": [], "skipped": []}
    assert "try a lower --score_threshold" in summary(document, "found")
    document["annotations"] = [{}]
    assert "--score_threshold" not in summary(document, "found")
