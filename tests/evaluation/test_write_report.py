"""The report of a few images: every section, only the pictures it shows, nothing from elsewhere."""

import types

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from centernet_tf.config import load_config
from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.record_annotations import read_annotations
from centernet_tf.errors import UserError
from centernet_tf.evaluation import report_pictures
from centernet_tf.evaluation.coco_metrics import coco_scores
from centernet_tf.evaluation.diagnosis import diagnose
from centernet_tf.evaluation.evaluate import Evaluation
from centernet_tf.evaluation.ground_truth import coco_ground_truth
from centernet_tf.evaluation.report_page import pictured
from centernet_tf.evaluation.report_pictures import error_pictures, read_images
from centernet_tf.evaluation.stage_times import stage_times
from centernet_tf.evaluation.write_report import write_report
from tests.evaluation.test_html_page import check_page
from tests.evaluation.tiny_records import write_records


@pytest.fixture(scope="module", name="manifest")
def write_manifest(tmp_path_factory):
    return load_manifest(write_records(tmp_path_factory.mktemp("records"), 9))


@pytest.fixture(scope="module", name="evaluation")
def score(manifest):
    """Everything is found but the objects of image 4, and one detection lies on nothing."""
    truth = coco_ground_truth(read_annotations(manifest, "train"), manifest.categories)
    detections = [
        {**{key: row[key] for key in ("image_id", "category_id", "bbox")}, "score": 0.8}
        for row in truth["annotations"]
        if row["image_id"] != 4
    ]
    wrong = {"image_id": 1, "category_id": 2, "bbox": [60.0, 30.0, 9.0, 9.0], "score": 0.9}
    scores = coco_scores(truth, [*detections, wrong])
    return Evaluation(scores.metrics, [*detections, wrong], truth, scores.precision)


def test_every_section_is_there(manifest, evaluation, tmp_path):
    path = write_report(
        str(tmp_path / "new"), evaluation, "A <run>", "About it.", (manifest, "train")
    )
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    check_page(text)
    for words in (
        *("A &lt;run&gt;", "About it.", "How good it is", "Precision by recall"),
        *("What a score is worth", "What is taken for what", "hallucinated, by size"),
        *("Worst images", "Best images", "&lt;i&gt;4.png: 0 right, 3 missed, 0 hallucinated"),
        *("&lt;i&gt;1.png: 0 right, 0 missed, 1 hallucinated", "&lt;script&gt;alert"),
    ):
        assert words in text, words
    assert "Speed by stage" not in text
    # Nine images: four worst and four best.
    assert text.count("data:image/jpeg") == 8


def test_without_images_it_has_no_pictures(evaluation, tmp_path):
    with open(write_report(str(tmp_path), evaluation, "t", "a"), encoding="utf-8") as stream:
        text = stream.read()
    check_page(text)
    assert "data:image" not in text and "What is taken for what" in text


def test_a_report_on_nothing(tmp_path):
    truth = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "a"}]}
    scores = coco_scores(truth, [])
    empty = Evaluation(scores.metrics, [], truth, scores.precision)
    with open(write_report(str(tmp_path), empty, "t", "a"), encoding="utf-8") as stream:
        check_page(stream.read())


def test_only_the_images_wanted_are_decoded(manifest, tmp_path):
    folder = tmp_path / "broken"
    folder.mkdir()
    broken = load_manifest(write_records(folder, 9, broken=range(8)))
    pixels = read_images(broken, "train", [9, 77])
    assert list(pixels) == [9] and pixels[9].shape == (48, 80, 3)
    with pytest.raises(tf.errors.InvalidArgumentError):
        read_images(broken, "train", [1])


def test_errors_alone_are_written_out(manifest, evaluation, monkeypatch):
    diagnosis = diagnose(evaluation.ground_truth, evaluation.detections)
    pixels = {scene.image_id: np.zeros([48, 80, 3], np.uint8) for scene in diagnosis.scenes}
    places = {scene.image_id: place for place, scene in enumerate(diagnosis.scenes)}
    names, written = manifest.class_names, []

    def draw(image, boxes, classes, class_names, labels):
        written.append(labels)
        return Image.new("RGB", (80, 48))

    monkeypatch.setattr(report_pictures, "box_picture", draw)
    wanted = [places[image_id] for image_id in (4, 1, 8)]
    pictures = error_pictures(diagnosis, wanted, pixels, names)
    assert [each.caption.split(": ")[1] for each in pictures] == [
        "0 right, 3 missed, 0 hallucinated",
        "0 right, 0 missed, 1 hallucinated",
        "3 right, 0 missed, 0 hallucinated",
    ]
    missed = [f"{names[index]} missed" for index in (0, 1, 0)]
    assert written == [missed, [], [], [f"{names[0]} 0.90"], ["", "", ""], ["", "", ""]]
    assert set(pictured(diagnosis)) <= set(pixels)
    assert error_pictures(diagnosis, [0], {}, names) == []


@pytest.mark.parametrize("resolution", ["fixed", "keep"])
def test_stages_are_measured_image_by_image(manifest, resolution):
    config = load_config(
        [], [f"data.input_size=[64,64],evaluation.batch_size=4,evaluation.resolution={resolution}"]
    )

    def network(images, training):
        assert not training
        return {"sums": tf.reduce_sum(images, axis=[1, 2])}

    detector = types.SimpleNamespace(decode=lambda outputs: outputs["sums"] * 2)
    times = stage_times(network, detector, config, manifest, "train")
    assert [each.stage for each in times][1:] == ["network", "decoder"]
    assert [each.count for each in times] == [9, *([3, 3] if resolution == "fixed" else [6, 6])]
    assert all(0 < each.least <= each.median <= each.greatest < 5e3 for each in times)


def test_a_folder_that_cannot_be_written_is_one_sentence(evaluation, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="Cannot write the report to"):
        write_report(str(tmp_path / "file" / "folder"), evaluation, "t", "a")
