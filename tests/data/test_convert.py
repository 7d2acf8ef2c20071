"""The conversion as a whole: same bytes for the same input, few images in memory, honest counts."""

import json
import threading

import pytest
from PIL import Image

from centernet_tf.data import convert as convert_module
from centernet_tf.data.annotations import ImageAnnotation
from centernet_tf.data.convert import ConvertOptions, checked_images, convert
from centernet_tf.data.image_check import ImageFault
from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.orientation import EXIF_TAG
from centernet_tf.data.record_annotations import read_annotations
from centernet_tf.errors import UserError
from tests.data import coco_folder


def data_set_bytes(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_same_input_gives_same_bytes(tmp_path):
    coco_folder.write_folder(tmp_path, coco_folder.document(3))
    results = []
    for workers in (1, 2, 5):
        coco_folder.convert_folder(tmp_path, workers=workers, num_shards=2, overwrite=True)
        results.append(data_set_bytes(tmp_path / "records"))
    assert results[0] == results[1] == results[2]
    assert sorted(results[0]) == [
        "manifest.json",
        "report.json",
        "train-00000-of-00002.tfrecord",
        "train-00001-of-00002.tfrecord",
    ]


def test_few_images_are_in_memory(monkeypatch):
    """Images are opened only a little ahead of what has been taken."""
    opened, lock = [], threading.Lock()

    def check(path):
        with lock:
            opened.append(path)
        if path == "5":
            raise ImageFault("undecodable_image", "five")
        return path

    monkeypatch.setattr(convert_module, "check_image", check)
    images = (ImageAnnotation(i, str(i), str(i), 0, 0, ()) for i in range(100))
    for taken, (image, checked) in enumerate(checked_images(images, workers=2)):
        assert image.image_id == taken
        assert isinstance(checked, ImageFault) if taken == 5 else checked == str(taken)
        with lock:
            assert len(opened) <= taken + 8
    assert len(opened) == 100


def test_bad_images_are_left_out_with_their_boxes(tmp_path, capsys):
    coco_folder.write_folder(tmp_path)
    (tmp_path / "images" / "1.jpg").write_bytes(b"no image")
    with pytest.raises(UserError) as caught:
        coco_folder.convert_folder(tmp_path)
    assert "1 of 3 images of split 'train' cannot be used (undecodable_image 1)" in str(
        caught.value
    )
    assert "1.jpg" in str(caught.value) and "--max_bad_fraction=0.01" in str(caught.value)
    report = coco_folder.convert_folder(tmp_path, max_bad_fraction=0.4)
    assert (report.images_read, report.images_written, report.boxes_written) == (3, 2, 2)
    assert "undecodable_image      1  left out" in capsys.readouterr().out


def test_boxes_lost_with_their_image_count_as_lost(tmp_path):
    content = coco_folder.document()
    lost = content["annotations"][0]
    content["annotations"] += [{**lost, "id": 600 + i, "bbox": [i, 0, 9, 9]} for i in range(20)]
    coco_folder.write_folder(tmp_path, content)
    (tmp_path / "images" / "0.jpg").write_bytes(b"no image")
    with pytest.raises(UserError, match="21 of 23 boxes .*image_left_out 21.*: 0.jpg: undecodable"):
        coco_folder.convert_folder(tmp_path, max_bad_fraction=0.5)
    report = coco_folder.convert_folder(tmp_path, max_bad_fraction=1.0)
    assert report.dropped("box") == {"image_left_out": 21}
    assert (report.boxes_read, report.boxes_written) == (23, 2)


def test_nothing_left_is_an_error(tmp_path):
    coco_folder.write_folder(tmp_path)
    for path in (tmp_path / "images").iterdir():
        path.unlink()
    with pytest.raises(UserError, match="Nothing is left of split 'train': all of its 3 images"):
        coco_folder.convert_folder(tmp_path, max_bad_fraction=1.0)


def test_a_missing_image_with_a_backslash_is_told_so(tmp_path):
    content = coco_folder.document()
    content["images"][0]["file_name"] = "images\\0.jpg"
    content["images"][1]["file_name"] = "9.jpg"
    coco_folder.write_folder(tmp_path, content)
    report = coco_folder.convert_folder(tmp_path, max_bad_fraction=1.0)
    details = [entry["detail"] for entry in report.entries("missing_image")]
    assert details == [
        "no such file; its name has '\\', folders are divided by '/'",
        "no such file",
    ]


def test_boxes_turn_with_a_photograph(tmp_path):
    content = coco_folder.document(1)
    coco_folder.write_folder(tmp_path, content)
    exif = Image.Exif()
    exif[EXIF_TAG] = 6
    path = tmp_path / "images" / "0.jpg"
    with Image.open(path) as image:
        image.save(path, exif=exif)
    report = coco_folder.convert_folder(tmp_path)
    (image,) = read_annotations(load_manifest(str(tmp_path / "records")), "train")
    assert (image.height, image.width) == (60, 40)
    assert image.boxes[0].box_px == pytest.approx((5.25, 25.5, 25.25, 36), abs=1e-4)
    assert report.count("oriented") == 1 and report.count("reencoded") == 1


def test_report_and_manifest_say_what_was_done(tmp_path):
    coco_folder.write_folder(tmp_path)
    coco_folder.convert_folder(tmp_path, source={"format": "coco", "split": ["train:a:b"]})
    report = json.loads((tmp_path / "records" / "report.json").read_text())
    assert report["train"] == {
        "images_read": 3,
        "images_written": 3,
        "boxes_read": 3,
        "boxes_written": 3,
        "boxes_by_class": {"bottle": 2, "car": 1},
        "problems": {},
    }
    text = (tmp_path / "records" / "manifest.json").read_text()
    assert str(tmp_path) not in text
    assert json.loads(text)["options"] == {
        "num_shards": 0,
        "max_bad_fraction": 0.01,
        "exif_boxes": "auto",
        "format": "coco",
        "split": ["train:a:b"],
    }


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"workers": 0}, "--workers must be at least 1"),
        ({"num_shards": -1}, "--num_shards must be from 0"),
        ({"num_shards": 10**6}, "--num_shards must be from 0"),
        ({"max_bad_fraction": 1.5}, "--max_bad_fraction must be from 0 to 1"),
        ({"max_bad_fraction": float("nan")}, "--max_bad_fraction must be from 0 to 1"),
    ],
)
def test_wrong_options_are_refused(tmp_path, options, sentence):
    coco_folder.write_folder(tmp_path)
    with pytest.raises(UserError, match=sentence):
        coco_folder.convert_folder(tmp_path, **options)
    assert not (tmp_path / "records").exists()


@pytest.mark.parametrize("names", [["../x"], ["a/b"], [""], ["a", "a"], ["a.b"]])
def test_split_names_become_file_names(tmp_path, names):
    coco_folder.write_folder(tmp_path)
    with pytest.raises(UserError, match="split"):
        convert(
            [coco_folder.read(tmp_path, name) for name in names],
            str(tmp_path / "records"),
            ConvertOptions(),
        )
    assert not (tmp_path / "records").exists()
