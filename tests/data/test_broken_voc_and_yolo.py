"""Broken Pascal VOC and YOLO annotations, each through a whole conversion.

Each says the reason under which it is counted. None may end in another exception, hang, write
outside the output folder, or leave half a data set.
"""

import os

import pytest

from centernet_tf.data.convert import convert
from centernet_tf.data.convert_options import ConvertOptions
from centernet_tf.data.voc import read_voc
from centernet_tf.data.yolo import read_yolo
from centernet_tf.errors import UserError
from tests.data import coco_folder
from tests.data.picture_files import JPEG
from tests.data.strict_and_lenient import convert_twice

pytestmark = pytest.mark.timeout(60)


OBJECT = (
    "<object><name>dog</name><bndbox><xmin>6</xmin><ymin>5</ymin><xmax>20</xmax><ymax>10</ymax>"
    "</bndbox></object>"
)
GOOD = f"<annotation>{OBJECT}</annotation>"
LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
XML = {
    "a bomb": (
        f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><annotation>&l11;</annotation>',
        "unreadable_annotation",
    ),
    "a flat bomb": (
        f'<!DOCTYPE a [<!ENTITY l "{"ha" * 50_000}">]><annotation>{"&l;" * 50_000}</annotation>',
        "unreadable_annotation",
    ),
    "an entity that grows from itself": (
        '<!DOCTYPE a [<!ENTITY l "&l;">]><annotation>&l;</annotation>',
        "unreadable_annotation",
    ),
    "a file of the machine": (
        '<!DOCTYPE a [<!ENTITY l SYSTEM "file:///etc/passwd">]>' + GOOD.replace("dog", "&l;"),
        "unreadable_annotation",
    ),
    "a page of the network": (
        '<!DOCTYPE a [<!ENTITY % l SYSTEM "http://127.0.0.1:9/x.dtd"> %l;]>' + GOOD,
        "unreadable_annotation",
    ),
    "wrong encoding declared": (
        f'<?xml version="1.0" encoding="utf-16"?>{GOOD}',
        "unreadable_annotation",
    ),
    "ASCII declared, UTF-8 inside": (
        f'<?xml version="1.0" encoding="us-ascii"?>{GOOD.replace("dog", "größe")}',
        "unreadable_annotation",
    ),
    "encoding of several bytes": (
        f'<?xml version="1.0" encoding="shift_jis"?>{GOOD}',
        "unreadable_annotation",
    ),
    "Latin-1 not declared": (
        GOOD.replace("dog", "hündin").encode("latin-1"),
        "unreadable_annotation",
    ),
    "null characters": (GOOD.replace("dog", "d\0g"), "unreadable_annotation"),
    "two roots": (GOOD + GOOD, "unreadable_annotation"),
    "tags crossed": ("<annotation><object></annotation></object>", "unreadable_annotation"),
    "an image": (JPEG, "unreadable_annotation"),
    "a web page": ("<html><body>404</body></html>", "unreadable_annotation"),
    "nested deeply": (
        "<annotation>" + "<a>" * 50_000 + "</a>" * 50_000 + "</annotation>",
        "image_without_boxes",
    ),
    "no corners": (GOOD.replace("bndbox", "polygon"), "malformed_box"),
    "one corner missing": (GOOD.replace("<xmax>20</xmax>", ""), "malformed_box"),
    "tags in a number": (GOOD.replace("20", "<b>20</b>"), "malformed_box"),
    "comma for a point": (GOOD.replace("20", "20,5"), "malformed_box"),
    "digits without end": (GOOD.replace(">20<", f">{'9' * 100_000}<"), "not_finite"),
    "corner far away": (GOOD.replace(">20<", ">2e9<"), "outside_image"),
}


def voc_folder(root):
    coco_folder.write_images(root / "JPEGImages")
    (root / "Annotations").mkdir()
    (root / "ImageSets" / "Main").mkdir(parents=True)
    (root / "ImageSets" / "Main" / "train.txt").write_text("0\n1\n2\n")
    for number in range(3):
        (root / "Annotations" / f"{number}.xml").write_text(GOOD)
    return root / "Annotations" / "0.xml"


@pytest.mark.parametrize("text, reason", XML.values(), ids=XML)
def test_broken_voc_annotations(tmp_path, text, reason):
    voc_folder(tmp_path).write_bytes(text if isinstance(text, bytes) else text.encode())
    report = convert_twice(tmp_path, lambda: read_voc([str(tmp_path)], ["train"])[0], reason)
    assert report.count(reason) == 1
    assert report.boxes_by_class == {"dog": 2}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_odd_voc_that_harms_nobody(tmp_path, encoding):
    voc_folder(tmp_path).write_bytes(GOOD.encode(encoding))
    (split,) = read_voc([str(tmp_path)], ["train"])
    assert convert([split], str(tmp_path / "r"), ConvertOptions())["train"].boxes_written == 3


@pytest.mark.parametrize(
    "data", [JPEG, b"\xff\xfe0\x00", b"\n\n"], ids=["image", "UTF-16", "blank"]
)
def test_broken_voc_lists(tmp_path, data):
    voc_folder(tmp_path)
    (tmp_path / "ImageSets" / "Main" / "train.txt").write_bytes(data)
    with pytest.raises(UserError, match="train.txt"):
        read_voc([str(tmp_path)], ["train"])


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_annotations_that_are_no_file(tmp_path, make):
    path = voc_folder(tmp_path)
    path.unlink()
    make(path)
    read = lambda: read_voc([str(tmp_path)], ["train"])[0]  # noqa: E731
    convert_twice(tmp_path, read, "image_without_annotation")


YOLO = {
    "an image": (JPEG, "unreadable_annotation"),
    "UTF-16": ("0 0.5 0.5 0.1 0.1".encode("utf-16"), "unreadable_annotation"),
    "XML": (GOOD, "malformed_box"),
    "JSON": ('{"class": 0}', "malformed_box"),
    "one line without end": ("0 " * 500_000, "malformed_box"),
    "word without end": ("0 0.5 0.5 0.1 " + "x" * 2**20, "malformed_box"),
    "digits without end": (f"0 0.5 0.5 0.1 {'9' * 100_000}", "not_finite"),
    "class without end": (f"{'9' * 100_000} 0.5 0.5 0.1 0.1", "malformed_box"),
    "class too large": ("4294967296 0.5 0.5 0.1 0.1", "malformed_box"),
    "corners instead of sizes": ("0 6 5 20 10", "outside_image"),
    "minus infinity": ("0 -inf 0.5 0.1 0.1", "not_finite"),
    "minus nothing": ("0 0.5 0.5 -0.0 0.1", "zero_area"),
    "hexadecimal": ("0 0x1p-1 0.5 0.1 0.1", "malformed_box"),
}


def yolo_folder(root):
    coco_folder.write_images(root / "images")
    (root / "labels").mkdir()
    for number in range(3):
        (root / "labels" / f"{number}.txt").write_text("0 0.5 0.5 0.25 0.5\n")
    return root / "labels" / "0.txt"


@pytest.mark.parametrize("text, reason", YOLO.values(), ids=YOLO)
def test_broken_yolo_labels(tmp_path, text, reason):
    yolo_folder(tmp_path).write_bytes(text if isinstance(text, bytes) else text.encode())
    images = str(tmp_path / "images")
    report = convert_twice(tmp_path, lambda: read_yolo("train", images, "", {0: "hat"}), reason)
    assert report.count(reason) == 1
    assert len(report.entries(reason)[0]["detail"]) < 300


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_labels_that_are_no_file(tmp_path, make):
    path = yolo_folder(tmp_path)
    path.unlink()
    make(path)
    images = str(tmp_path / "images")
    read = lambda: read_yolo("train", images, "", {0: "hat"})  # noqa: E731
    convert_twice(tmp_path, read, "image_without_annotation")
