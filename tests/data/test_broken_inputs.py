"""A corpus of broken inputs, each through a whole conversion: image files, COCO, VOC and YOLO.

Each says the reason under which it is counted. None may end in another exception, hang, write
outside the output folder, or leave half a data set. What is wrong with single entries of COCO's
JSON stands in `test_broken_coco`, with class names in `test_class_names`.
"""

import io
import json
import os
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from centernet_tf.data.convert import ConvertOptions, convert
from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.problems import REASONS
from centernet_tf.data.voc import read_voc
from centernet_tf.data.yolo import read_yolo
from centernet_tf.errors import UserError
from tests.data import coco_folder

pytestmark = pytest.mark.timeout(60)


def snapshot(folder):
    """Names of everything below a folder with the contents of what is a regular file."""
    found = {}
    for here, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(here, name)
            is_file = os.path.isfile(path) and not os.path.islink(path)
            with open(path if is_file else os.devnull, "rb") as stream:
                found[os.path.relpath(path, folder)] = stream.read()
    return found


def convert_twice(root, read, reason):
    """Converts strictly and leniently, and checks what was refused, counted and written."""
    before = snapshot(root)
    output_dir = str(root / "records")
    if REASONS[reason].dropped:
        with pytest.raises(UserError, match=f"(?s)cannot be used.*{reason}"):
            convert([read()], output_dir, ConvertOptions(max_bad_fraction=0.0))
        assert snapshot(root) == before
    allowed = 1.0 if REASONS[reason].dropped else 0.0
    report = convert([read()], output_dir, ConvertOptions(max_bad_fraction=allowed))["train"]
    assert report.count(reason) >= 1
    assert "0." in report.entries(reason)[0]["file_name"]
    after = snapshot(root)
    assert {name: after[name] for name in before} == before
    new = set(after) - set(before)
    assert all(name.split(os.sep)[0] == "records" for name in new)
    shards = [name for name in new if name.endswith(".tfrecord")]
    assert len(new) == len(shards) + 3
    paths = load_manifest(output_dir).split("train").shard_paths
    # Faster than `read_annotations`, whose graph would be traced for every case.
    records = [tf.train.Example.FromString(r.numpy()) for r in tf.data.TFRecordDataset(paths)]
    labels = [each.features.feature["image/object/class/label"].int64_list for each in records]
    assert len(records) == report.images_written >= 2
    assert sum(len(each.value) for each in labels) == report.boxes_written >= 2
    return report


def encoded(image_format, mode="RGB", size=(60, 40), **options):
    pixels = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(stream, image_format, **options)
    return stream.getvalue()


def png_chunk(kind, body, checksum=None):
    checksum = zlib.crc32(kind + body) if checksum is None else checksum
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def png(width, height, rows=b"\0" * 100, end=None, **options):
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    end = png_chunk(b"IEND", b"") if end is None else end
    data = png_chunk(b"IDAT", zlib.compress(rows), **options)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + data + end


def jpeg_of_size(width, height):
    data = bytearray(JPEG)
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


JPEG, PROGRESSIVE, PNG = encoded("JPEG"), encoded("JPEG", progressive=True), encoded("PNG")
SCAN = JPEG.index(b"\xff\xda")
WHOLE_ROWS = b"".join(b"\0" + b"\x50" * 180 for _ in range(40))


def scrambled(data, start):
    """Flips a bit of every seventh byte behind `start`."""
    changed = bytearray(data)
    for position in range(start, len(data) - 2, 7):
        changed[position] ^= 0x11
    return bytes(changed)


IMAGE_BYTES = {
    "no bytes": (b"", "undecodable_image"),
    "one byte": (b"\xff", "undecodable_image"),
    "JPEG cut in its magic": (JPEG[:2], "undecodable_image"),
    "JPEG cut in its header": (JPEG[:12], "undecodable_image"),
    "JPEG cut in its quantisation tables": (
        JPEG[: JPEG.index(b"\xff\xdb") + 30],
        "undecodable_image",
    ),
    "JPEG cut in its frame": (JPEG[: JPEG.index(b"\xff\xc0") + 6], "undecodable_image"),
    "JPEG cut in its Huffman tables": (JPEG[: JPEG.index(b"\xff\xc4") + 9], "undecodable_image"),
    "JPEG cut in the head of its scan": (JPEG[: SCAN + 5], "undecodable_image"),
    "JPEG cut after the first block": (JPEG[: SCAN + 40], "undecodable_image"),
    "JPEG cut in the middle of the scan": (JPEG[: (SCAN + len(JPEG)) // 2], "undecodable_image"),
    "JPEG without its last two hundred bytes": (JPEG[:-200], "undecodable_image"),
    "progressive JPEG cut after its first scan": (
        PROGRESSIVE[: PROGRESSIVE.index(b"\xff\xda", PROGRESSIVE.index(b"\xff\xda") + 2)],
        "undecodable_image",
    ),
    "JPEG without tables": (
        JPEG[: JPEG.index(b"\xff\xdb")] + JPEG[JPEG.index(b"\xff\xc0") :],
        "undecodable_image",
    ),
    "JPEG of 0 x 0": (jpeg_of_size(0, 0), "undecodable_image"),
    "JPEG of width 0": (jpeg_of_size(0, 40), "undecodable_image"),
    # Decoders fill up with grey what lies behind the mark of the end.
    "JPEG that ends before its last row": (jpeg_of_size(60, 4000), "size_differs"),
    "JPEG of 65000 x 65000": (jpeg_of_size(65000, 65000), "oversized_image"),
    "JPEG with a second picture's head in front": (JPEG[:SCAN] + JPEG[:SCAN], "undecodable_image"),
    "PNG cut in its magic": (PNG[:5], "undecodable_image"),
    "PNG cut in IHDR": (PNG[:22], "undecodable_image"),
    "PNG cut before IDAT": (PNG[:33], "undecodable_image"),
    "PNG cut in IDAT": (PNG[: len(PNG) // 2], "undecodable_image"),
    "PNG without IEND": (png(60, 40, WHOLE_ROWS, end=b""), "undecodable_image"),
    "PNG with a wrong CRC": (png(60, 40, WHOLE_ROWS, checksum=7), "undecodable_image"),
    "PNG with too few rows": (png(60, 40, WHOLE_ROWS[:-181]), "undecodable_image"),
    "PNG whose data is no zlib": (
        PNG[:33] + png_chunk(b"IDAT", b"\xab" * 400) + png_chunk(b"IEND", b""),
        "undecodable_image",
    ),
    "PNG of 0 x 40": (png(0, 40), "undecodable_image"),
    "PNG of 2^31 x 1": (png(2**31, 1), "oversized_image"),
    "tiny PNG of 100000 x 100000": (png(100_000, 100_000), "oversized_image"),
    "tiny PNG of 20000 x 20000": (png(20_000, 20_000), "oversized_image"),
    "PNG chunk of 2 GB": (PNG[:33] + b"\x7f\xff\xff\xffIDAT" + PNG[41:], "undecodable_image"),
    "GIF cut in its header": (encoded("GIF", "P")[:8], "undecodable_image"),
    "GIF cut in its palette": (encoded("GIF", "P")[:300], "undecodable_image"),
    "GIF cut in its data": (encoded("GIF", "P")[:-900], "undecodable_image"),
    "BMP cut in its header": (encoded("BMP")[:30], "undecodable_image"),
    "BMP cut in its data": (encoded("BMP")[:3000], "undecodable_image"),
    "WebP cut in its header": (encoded("WEBP")[:16], "undecodable_image"),
    "WebP cut in its data": (encoded("WEBP")[:-300], "undecodable_image"),
    "TIFF cut in its data": (encoded("TIFF")[:500], "undecodable_image"),
    "text": (b"no image, but a text\n" * 20, "undecodable_image"),
    "web page": (b"<!DOCTYPE html><html><body>404 Not Found</body></html>", "undecodable_image"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg' width='9'/>", "undecodable_image"),
    "PostScript": (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 60 40\n%%EndComments\nshowpage\n",
        "undecodable_image",
    ),
    "PDF": (b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n", "undecodable_image"),
    "archive": (b"PK\x03\x04" + b"\0" * 200, "undecodable_image"),
    "pointer of Git LFS": (b"version https://git-lfs.github.com/spec/v1\n", "undecodable_image"),
    "one pixel": (encoded("PNG", size=(1, 1)), "boxes_rescaled"),
    "one row": (encoded("PNG", size=(60, 1)), "outside_image"),
}


@pytest.mark.parametrize("data, reason", IMAGE_BYTES.values(), ids=IMAGE_BYTES)
def test_broken_image_files(tmp_path, data, reason):
    coco_folder.write_folder(tmp_path)
    (tmp_path / "images" / "0.jpg").write_bytes(data)
    report = convert_twice(tmp_path, lambda: coco_folder.read(tmp_path), reason)
    assert report.count(reason) == 1


def test_a_jpeg_whose_scan_is_noise_is_read_or_refused(tmp_path):
    """Nothing in a JPEG tells noise from a picture, so both are right."""
    coco_folder.write_folder(tmp_path)
    (tmp_path / "images" / "0.jpg").write_bytes(scrambled(JPEG, SCAN + 20))
    report = coco_folder.convert_folder(tmp_path, max_bad_fraction=1.0)
    assert report.images_written + report.count("undecodable_image") == 3


THINGS = {
    "folder": os.mkdir,
    "link to nothing": lambda path: os.symlink("nowhere.jpg", path),
    "link to itself": lambda path: os.symlink(path, path),
    "link to a folder": lambda path: os.symlink("..", path),
    "pipe": os.mkfifo,
    "device": lambda path: os.symlink("/dev/zero", path),
}


@pytest.mark.parametrize("make", THINGS.values(), ids=THINGS)
def test_what_is_no_file(tmp_path, make):
    coco_folder.write_folder(tmp_path)
    path = tmp_path / "images" / "0.jpg"
    path.unlink()
    make(str(path))
    convert_twice(tmp_path, lambda: coco_folder.read(tmp_path), "missing_image")
    split = read_yolo("train", str(tmp_path / "images"), "", {0: "hat"})
    report = convert([split], str(tmp_path / "r"), ConvertOptions(max_bad_fraction=1.0))["train"]
    assert report.count("missing_image") == 1


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
    "a" * 300 + ".jpg",
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
    report = convert_twice(tmp_path, lambda: read_voc(str(tmp_path), ["train"])[0], reason)
    assert report.count(reason) == 1
    assert report.boxes_by_class == {"dog": 2}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_odd_voc_that_harms_nobody(tmp_path, encoding):
    voc_folder(tmp_path).write_bytes(GOOD.encode(encoding))
    (split,) = read_voc(str(tmp_path), ["train"])
    assert convert([split], str(tmp_path / "r"), ConvertOptions())["train"].boxes_written == 3


@pytest.mark.parametrize(
    "data", [JPEG, b"\xff\xfe0\x00", b"\n\n"], ids=["image", "UTF-16", "blank"]
)
def test_broken_voc_lists(tmp_path, data):
    voc_folder(tmp_path)
    (tmp_path / "ImageSets" / "Main" / "train.txt").write_bytes(data)
    with pytest.raises(UserError, match="train.txt"):
        read_voc(str(tmp_path), ["train"])


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_annotations_that_are_no_file(tmp_path, make):
    path = voc_folder(tmp_path)
    path.unlink()
    make(path)
    read = lambda: read_voc(str(tmp_path), ["train"])[0]  # noqa: E731
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
