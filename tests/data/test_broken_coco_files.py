"""Broken COCO files, each through a whole conversion.

Each says the reason under which it is counted. None may end in another exception, hang, write
outside the output folder, or leave half a data set. What is wrong with
single entries stands in `test_broken_coco`, with class names in `test_class_names`.
"""

import json
import os

import pytest

from centernet_tf.errors import UserError
from tests.data import coco_folder
from tests.data.strict_and_lenient import convert_twice, snapshot

pytestmark = pytest.mark.timeout(60)


def as_bytes(change=lambda text: text, encoding="utf-8", **entry):
    """COCO's JSON, with the first annotation changed."""
    content = coco_folder.document()
    content["annotations"][0].update(entry)
    return change(json.dumps(content)).encode(encoding)


COCO_FILES = {
    "Latin-1": as_bytes(lambda text: text.replace("bottle", "bottlé"), "latin-1"),
    "UTF-16": as_bytes(encoding="utf-16"),
    "zipped": b"\x1f\x8b\x08\x00" + b"\0" * 40,
    "text behind it": as_bytes(lambda text: text + "]"),
    "two documents": as_bytes(lambda text: text + "\n" + text),
    "single quotes": as_bytes(lambda text: text.replace('"', "'")),
    "cut in a name": as_bytes(lambda text: text[: text.index("file_name") + 3]),
    "cut in a number": as_bytes(lambda text: text[: text.index("123.5") + 2]),
    "ten thousand lists in a box": as_bytes(
        lambda text: text.replace("[5.25", "[" * 10_000 + "5.25")
    ),
    "control character": as_bytes(lambda text: text.replace("0.jpg", "0\x01.jpg")),
}


@pytest.mark.parametrize("data", COCO_FILES.values(), ids=COCO_FILES)
def test_broken_coco_files(tmp_path, data):
    coco_folder.write_folder(tmp_path)
    (tmp_path / "train.json").write_bytes(data)
    before = snapshot(tmp_path)
    with pytest.raises(UserError, match="train.json' is not valid JSON") as caught:
        coco_folder.convert_folder(tmp_path)
    assert len(str(caught.value)) < 500
    assert snapshot(tmp_path) == before


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


COCO_ENTRIES = {
    "five numbers": (as_bytes(bbox=[1, 2, 3, 4, 5]), "malformed_box"),
    "box is object": (as_bytes(bbox={"x": 1}), "malformed_box"),
    "box nested": (as_bytes(bbox=nested(300)), "malformed_box"),
    "infinite corner": (as_bytes(bbox=[float("-inf"), 2, 3, 4]), "not_finite"),
    "negative class": (as_bytes(category_id=-1), "unknown_class"),
    "class nested": (as_bytes(category_id=nested(300)), "malformed_box"),
    "class is too large": (as_bytes(category_id=10**30), "malformed_box"),
    "image far away": (as_bytes(image_id=10**15), None),
    "megabyte of text": (as_bytes(bbox="1" * 2**20), "malformed_box"),
}


@pytest.mark.parametrize("data, reason", COCO_ENTRIES.values(), ids=COCO_ENTRIES)
def test_broken_coco_entries(tmp_path, data, reason):
    coco_folder.write_folder(tmp_path)
    (tmp_path / "train.json").write_bytes(data)
    if reason is None:
        report = coco_folder.convert_folder(tmp_path, max_bad_fraction=1.0)
        assert report.dropped("box") == {"annotation_without_image": 1}
        return
    report = convert_twice(tmp_path, lambda: coco_folder.read(tmp_path), reason)
    assert report.dropped("box") == {reason: 1}
    assert len(report.entries(reason)[0]["detail"]) <= 200


@pytest.mark.parametrize(
    "data",
    [b"\xef\xbb\xbf" + as_bytes(), as_bytes(id=499), as_bytes(id="x"), as_bytes(id=-(10**40))],
    ids=["byte order mark", "annotation id twice", "annotation id is text", "annotation id huge"],
)
def test_odd_coco_that_harms_nobody(tmp_path, data):
    coco_folder.write_folder(tmp_path)
    (tmp_path / "train.json").write_bytes(data)
    report = coco_folder.convert_folder(tmp_path, max_bad_fraction=0.0)
    assert report.boxes_written == 3 and report.reasons() == []


NAMES_THAT_LEAD_OUT = [
    "../secret.jpg",
    "sub/../../secret.jpg",
    "{root}/secret.jpg",
    "..\\secret.jpg",
    "\\\\host\\secret.jpg",
    "file://{root}/secret.jpg",
    "0.jpg\x00/../../secret.jpg",
]


@pytest.mark.parametrize("name", NAMES_THAT_LEAD_OUT, ids=lambda name: repr(name)[:30])
def test_no_picture_from_elsewhere_gets_in(tmp_path, name):
    content = coco_folder.document()
    content["images"][0]["file_name"] = name.format(root=tmp_path)
    coco_folder.write_folder(tmp_path, content)
    os.rename(tmp_path / "images" / "0.jpg", tmp_path / "secret.jpg")
    (tmp_path / "images" / "sub").mkdir()
    report = coco_folder.convert_folder(tmp_path, max_bad_fraction=1.0)
    assert report.dropped("image") == {"unsafe_path": 1}
    secret = (tmp_path / "secret.jpg").read_bytes()
    assert all(secret not in data for data in snapshot(tmp_path / "records").values())
