"""Broken COCO data sets: each gets its reason, none crashes or leaves half a data set behind."""

import json
import os

import pytest

from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.record_annotations import read_annotations
from centernet_tf.errors import UserError
from tests.data import coco_folder


def replace_document(**changes):
    return lambda content: {**content, **changes}


# What is wrong with the file as a whole, and words of the sentence that says so.
WRONG_FILES = {
    "empty": ("", "not valid JSON"),
    "cut off": (json.dumps(coco_folder.document())[:-40], "not valid JSON"),
    "binary": ("\x00\x01\x02", "not valid JSON"),
    "nested too deeply": ("[" * 100_000, "not valid JSON"),
    "number too long": ('{"images": ' + "9" * 5000 + "}", "not valid JSON"),
    "list": ("[]", "holds a JSON list"),
    "null": ("null", "holds a JSON NoneType"),
    "no images key": (lambda c: {**c, "images": None}, "'images' must be a list, found NoneType"),
    "images is object": (replace_document(images={}), "'images' must be a list, found dict"),
    "annotations is text": (replace_document(annotations="x"), "'annotations' must be a list"),
    "no categories": (replace_document(categories=[]), "lists no categories"),
    "no image listed": (replace_document(images=[]), "would be empty"),
    "category is number": (replace_document(categories=[5]), "needs an 'id'"),
    "category without name": (replace_document(categories=[{"id": 1}]), "needs an 'id'"),
    "category id is text": (replace_document(categories=[{"id": "1", "name": "a"}]), "needs an"),
    "category id negative": (replace_document(categories=[{"id": -1, "name": "a"}]), "needs an"),
    "category id too large": (replace_document(categories=[{"id": 1e30, "name": "a"}]), "needs"),
    "category id true": (replace_document(categories=[{"id": True, "name": "a"}]), "needs an"),
    "category name is no text": (
        replace_document(categories=[{"id": 1, "name": "\ud800"}]),
        "needs an 'id'",
    ),
    "category name is blank": (replace_document(categories=[{"id": 1, "name": " "}]), "needs an"),
    "category name of two lines": (
        replace_document(categories=[{"id": 1, "name": "a\nb"}]),
        "a 'name' of one line; found",
    ),
    "category twice": (replace_document(categories=[{"id": 1, "name": "a"}] * 2), "stands twice"),
}


@pytest.mark.parametrize("fault, sentence", WRONG_FILES.values(), ids=WRONG_FILES)
def test_wrong_file_is_one_sentence(tmp_path, fault, sentence):
    content = fault(coco_folder.document()) if callable(fault) else fault
    coco_folder.write_folder(tmp_path, content)
    with pytest.raises(UserError, match=sentence) as caught:
        coco_folder.convert_folder(tmp_path)
    assert "train.json" in str(caught.value)
    assert not (tmp_path / "records").exists()


def image_entry(**changes):
    return lambda content: content["images"][0].update(changes)


def box_entry(**changes):
    return lambda content: content["annotations"][0].update(changes)


def replace_entry(key, entry):
    return lambda content: content[key].__setitem__(0, entry)


def add_entry(key, index=0, **changes):
    return lambda content: content[key].append({**content[key][index], **changes})


# What is wrong with one image or box of three, and the reason under which it is counted.
WRONG_ENTRIES = {
    "image is null": (replace_entry("images", None), "malformed_image_entry"),
    "image is text": (replace_entry("images", "0.jpg"), "malformed_image_entry"),
    "image without id": (image_entry(id=None), "malformed_image_entry"),
    "image id is text": (image_entry(id="90"), "malformed_image_entry"),
    "image id is fraction": (image_entry(id=1.5), "malformed_image_entry"),
    "image id is too large": (image_entry(id=10**40), "malformed_image_entry"),
    "image id is list": (image_entry(id=[1]), "malformed_image_entry"),
    "file name is number": (image_entry(file_name=7), "malformed_image_entry"),
    "file name is missing": (image_entry(file_name=None), "malformed_image_entry"),
    "image id twice": (add_entry("images", file_name="1.jpg"), "duplicate_image"),
    "file name twice": (add_entry("images", id=5), "duplicate_image"),
    "file name twice, in other words": (
        add_entry("images", id=5, file_name="./0.jpg"),
        "duplicate_image",
    ),
    "parent folder": (image_entry(file_name="../images/0.jpg"), "unsafe_path"),
    "parent folder inside": (image_entry(file_name="a/../../x.jpg"), "unsafe_path"),
    "parent folder, Windows": (image_entry(file_name="..\\0.jpg"), "unsafe_path"),
    "absolute": (image_entry(file_name="/etc/passwd"), "unsafe_path"),
    "absolute, Windows": (image_entry(file_name="C:\\0.jpg"), "unsafe_path"),
    "address": (image_entry(file_name="http://host/0.jpg"), "unsafe_path"),
    "home": (image_entry(file_name="~/0.jpg"), "unsafe_path"),
    "null character": (image_entry(file_name="0.jpg\x00.png"), "unusable_name"),
    "line break": (image_entry(file_name="0\n.jpg"), "unusable_name"),
    "no characters": (image_entry(file_name=""), "unusable_name"),
    "half a character": (image_entry(file_name="\ud800.jpg"), "unusable_name"),
    "name too long": (image_entry(file_name="a" * 5000), "unusable_name"),
    "path too long": (image_entry(file_name="a/" * 5000), "missing_image"),
    "no such file": (image_entry(file_name="9.jpg"), "missing_image"),
    "a folder": (image_entry(file_name="."), "missing_image"),
    "box is null": (replace_entry("annotations", None), "malformed_box"),
    "box is number": (replace_entry("annotations", 3), "malformed_box"),
    "box without corners": (box_entry(bbox=None), "malformed_box"),
    "three numbers": (box_entry(bbox=[1, 2, 3]), "malformed_box"),
    "numbers as text": (box_entry(bbox=["1", "2", "3", "4"]), "malformed_box"),
    "nested box": (box_entry(bbox=[[1, 2, 3, 4]]), "malformed_box"),
    "truth values": (box_entry(bbox=[True, 1, 2, 3]), "malformed_box"),
    "number without end": (box_entry(bbox=[1, 2, 3, 10**400]), "malformed_box"),
    "class is text": (box_entry(category_id="3"), "malformed_box"),
    "crowd is list": (box_entry(iscrowd=[]), "malformed_box"),
    "crowd is text": (box_entry(iscrowd="yes"), "malformed_box"),
    "crowd is two": (box_entry(iscrowd=2), "malformed_box"),
    "image of box is text": (box_entry(image_id="90"), "malformed_box"),
    "image of box not listed": (box_entry(image_id=91), "annotation_without_image"),
    "class not listed": (box_entry(category_id=5), "unknown_class"),
    "not a number": (box_entry(bbox=[float("nan"), 2, 3, 4]), "not_finite"),
    "infinite": (box_entry(bbox=[1, 2, float("inf"), 4]), "not_finite"),
    "sum overflows": (box_entry(bbox=[1.5e308, 2, 1.5e308, 4]), "not_finite"),
    "negative width": (box_entry(bbox=[10, 2, -3, 4]), "negative_area"),
    "zero height": (box_entry(bbox=[10, 2, 3, 0]), "zero_area"),
    "left of the image": (box_entry(bbox=[-2.5, 2, 10, 4]), "outside_image"),
    "below the image": (box_entry(bbox=[2, 30, 10, 12.5]), "outside_image"),
    "beside the image": (box_entry(bbox=[60, 2, 1, 4]), "outside_image"),
    "far away": (box_entry(bbox=[1e18, 2, 1, 4]), "zero_area"),
    "box twice": (add_entry("annotations", id=7), "duplicate_box"),
}


@pytest.mark.parametrize("fault, reason", WRONG_ENTRIES.values(), ids=WRONG_ENTRIES)
def test_wrong_entry_is_counted_or_refused(tmp_path, fault, reason):
    content = coco_folder.document()
    fault(content)
    coco_folder.write_folder(tmp_path, content)
    with pytest.raises(UserError, match=f"(?s)cannot be used.*{reason}"):
        coco_folder.convert_folder(tmp_path)
    assert not (tmp_path / "records").exists()

    report = coco_folder.convert_folder(tmp_path, max_bad_fraction=1.0)
    assert report.count(reason) == 1
    written = json.loads((tmp_path / "records" / "report.json").read_text())
    assert written["train"]["problems"][reason]["count"] == 1
    images = read_annotations(load_manifest(str(tmp_path / "records")), "train")
    assert len(images) >= 2
    assert sorted(os.listdir(tmp_path)) == ["images", "records", "train.json"]


def test_boxes_of_a_file_listed_under_a_second_id_are_counted(tmp_path):
    content = coco_folder.document()
    content["images"].append({**content["images"][0], "id": 5})
    content["annotations"].append({**content["annotations"][0], "id": 7, "image_id": 5})
    coco_folder.write_folder(tmp_path, content)
    report = coco_folder.convert_folder(tmp_path, max_bad_fraction=1.0)
    assert report.entries("duplicate_image") == [
        {"file_name": "0.jpg", "detail": "id 5, the name of id 90"}
    ]
    assert report.entries("image_left_out") == [{"file_name": "0.jpg", "detail": "duplicate_image"}]
    assert (report.images_written, report.boxes_written) == (3, 3)


@pytest.mark.parametrize("file_name", ["../0.jpg", None])
def test_boxes_of_images_left_out_are_counted(tmp_path, file_name):
    content = coco_folder.document()
    content["images"][0]["file_name"] = file_name
    coco_folder.write_folder(tmp_path, content)
    report = coco_folder.convert_folder(tmp_path, max_bad_fraction=1.0)
    (reason,) = report.dropped("image")
    (entry,) = report.entries("image_left_out")
    assert entry == {"file_name": file_name or "None", "detail": reason}
    assert (report.boxes_read, report.boxes_written) == (3, 2)


@pytest.mark.parametrize(
    "size",
    [("60", "40"), (None, None), (-1, -1), (1e300, 1e300), ([], {}), (0, 0), (10**30, 1)],
    ids=str,
)
def test_wrong_sizes_are_no_sizes(tmp_path, size):
    content = coco_folder.document()
    content["images"][0].update(width=size[0], height=size[1])
    coco_folder.write_folder(tmp_path, content)
    assert coco_folder.convert_folder(tmp_path).boxes_written == 3


@pytest.mark.parametrize("area", ["12", None, -1, float("nan"), float("inf"), 1e300, [], 10**400])
def test_wrong_areas_are_no_areas(tmp_path, area):
    content = coco_folder.document(1)
    content["annotations"][0]["area"] = area
    coco_folder.write_folder(tmp_path, content)
    coco_folder.convert_folder(tmp_path)
    (image,) = read_annotations(load_manifest(str(tmp_path / "records")), "train")
    assert image.boxes[0].area == 20 * 10.5


@pytest.mark.parametrize("value, is_crowd", [(None, False), (False, False), (True, True)])
def test_a_crowd_may_be_a_truth_value_or_null(tmp_path, value, is_crowd):
    content = coco_folder.document(1)
    content["annotations"][0]["iscrowd"] = value
    coco_folder.write_folder(tmp_path, content)
    assert coco_folder.convert_folder(tmp_path).count("malformed_box") == 0
    (image,) = read_annotations(load_manifest(str(tmp_path / "records")), "train")
    assert image.boxes[0].is_crowd == is_crowd


def test_missing_files_are_named(tmp_path):
    with pytest.raises(UserError, match="image folder '.*images' of split 'train' does not exist"):
        coco_folder.read(tmp_path)
    coco_folder.write_folder(tmp_path)
    (tmp_path / "train.json").unlink()
    with pytest.raises(UserError, match="Cannot read .*train.json'.*No such file"):
        coco_folder.read(tmp_path)
