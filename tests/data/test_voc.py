"""Pascal VOC folders: 1-based inclusive corners, lists, labels, and what can be wrong with them."""

import os

import pytest

from centernet_tf.data.convert import convert
from centernet_tf.data.convert_options import ConvertOptions
from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.record_annotations import read_annotations
from centernet_tf.data.voc import read_voc
from centernet_tf.errors import UserError
from tests.data import coco_folder

OBJECT = """<object><name>{name}</name><difficult>{difficult}</difficult><bndbox><xmin>{xmin}</xmin>
<ymin>{ymin}</ymin><xmax>{xmax}</xmax><ymax>{ymax}</ymax></bndbox>{more}</object>"""


def voc_object(xmin=6, ymin=5, xmax=20, ymax=10, name="dog", difficult=0, more=""):
    return OBJECT.format(**locals())


def annotation(*objects, width=60, height=40):
    size = f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
    return f"<annotation>{size}{''.join(objects)}</annotation>"


def write_folder(root, annotations, lists):
    """Writes images 0.jpg, 1.jpg, ..., the XML of each that is not None, and the lists."""
    coco_folder.write_images(root / "JPEGImages", len(annotations))
    for folder in ("Annotations", "ImageSets/Main"):
        (root / folder).mkdir(parents=True)
    for number, text in enumerate(annotations):
        if text is not None:
            (root / "Annotations" / f"{number}.xml").write_text(text)
    for name, lines in lists.items():
        (root / "ImageSets" / "Main" / f"{name}.txt").write_text("\n".join(lines) + "\n")


def read_one(root):
    """Returns the images and the report of a folder whose only list is `train`."""
    (split,) = read_voc([str(root)], ["train"])
    return list(split.images), split.report


def test_corners_become_edges(tmp_path):
    objects = (voc_object(1, 1, 60, 40), voc_object(6.5, 5, 20, 10, "cat", difficult=1))
    write_folder(tmp_path, [annotation(*objects)], {"train": ["0"]})
    (image,), report = read_one(tmp_path)
    assert (image.image_id, image.file_name, image.height, image.width) == (1, "0.jpg", 40, 60)
    full, cat = image.boxes
    assert full.box_px == (0, 0, 40, 60) and full.area == 2400 and not full.difficult
    assert cat.box_px == (4, 5.5, 10, 20) and cat.difficult
    assert report.reasons() == []


def test_coordinates_from_zero_lose_nothing(tmp_path):
    text = annotation(voc_object(0, 0, 59, 39))
    write_folder(tmp_path, [text], {"train": ["0"]})
    split = read_voc([str(tmp_path)], ["train"])
    report = convert(split, str(tmp_path / "r"), ConvertOptions())["train"]
    (image,) = read_annotations(load_manifest(str(tmp_path / "r")), "train")
    assert image.boxes[0].box_px == pytest.approx((0, 0, 39, 59))
    assert report.count("clipped") == 1


def test_classes_are_numbered_by_name_over_all_splits(tmp_path):
    texts = [annotation(voc_object(name="dog")), annotation(voc_object(name="cat"))]
    write_folder(tmp_path, texts, {"train": ["0"], "val": ["1"]})
    train, val = read_voc([str(tmp_path)], ["train", "val"])
    assert [(c.id, c.name) for c in train.categories] == [(1, "cat"), (2, "dog")]
    assert train.categories == val.categories
    (image,) = val.images
    assert image.boxes[0].category_id == 1


def test_each_split_counts_unknown_classes_of_its_own(tmp_path):
    texts = [annotation(voc_object(name="dog")), annotation(voc_object(name="cat"))]
    write_folder(tmp_path, texts, {"train": ["0"], "val": ["1"]})
    (tmp_path / "labels.txt").write_text("cat\n")
    train, val = read_voc([str(tmp_path)], ["train", "val"], str(tmp_path / "labels.txt"))
    # Both are read before one is asked, as a conversion does.
    assert [len(list(split.images)) for split in (train, val)] == [1, 1]
    assert [split.report.count("unknown_class") for split in (train, val)] == [1, 0]


def test_a_split_joins_the_lists_of_several_folders(tmp_path):
    for year, split in (("2007", "test"), ("2012", "val")):
        texts = [annotation(voc_object(name="dog"))] * 2
        lists = {"trainval": ["0"], split: ["1"]}
        write_folder(tmp_path / year, texts, lists)
        os.rename(tmp_path / year / "JPEGImages/0.jpg", tmp_path / year / f"JPEGImages/{year}.jpg")
        os.rename(
            tmp_path / year / "Annotations/0.xml", tmp_path / year / f"Annotations/{year}.xml"
        )
        (tmp_path / year / "ImageSets/Main/trainval.txt").write_text(f"{year}\n")
    roots = [str(tmp_path / year) for year in ("2007", "2012")]
    trainval, test = read_voc(roots, ["trainval", "test"])
    found = [(image.image_id, image.file_name) for image in trainval.images]
    assert found == [(1, "2007.jpg"), (2, "2012.jpg")]
    assert [image.path for image in test.images] == [os.path.join(roots[0], "JPEGImages/1.jpg")]


def test_folders_may_use_the_same_names(tmp_path):
    for year, name in (("2007", "dog"), ("2012", "cat"), ("more/2012", "fox")):
        write_folder(tmp_path / year, [annotation(voc_object(name=name))] * 2, {"train": ["0"]})
    roots = [str(tmp_path / year) for year in ("2007", "2012", "more/2012", "2012/")]
    (split,) = read_voc(roots, ["train"])
    images = list(split.images)
    assert [image.file_name for image in images] == ["0.jpg", "2012/0.jpg", "more/2012/0.jpg"]
    assert [image.image_id for image in images] == [1, 2, 3]
    names = {category.id: category.name for category in split.categories}
    assert [names[image.boxes[0].category_id] for image in images] == ["dog", "cat", "fox"]
    assert [os.path.dirname(os.path.dirname(image.path)) for image in images] == roots[:3]
    assert split.report.dropped("image") == {"duplicate_image": 1}


def test_labels_file_fixes_numbers_and_classes(tmp_path):
    write_folder(
        tmp_path, [annotation(voc_object(name="dog"), voc_object(name="cat"))], {"train": ["0"]}
    )
    (tmp_path / "labels.txt").write_text("zebra\ndog\n")
    (split,) = read_voc([str(tmp_path)], ["train"], str(tmp_path / "labels.txt"))
    (image,) = split.images
    assert [box.category_id for box in image.boxes] == [2]
    assert split.report.entries("unknown_class") == [{"file_name": "0.jpg", "detail": "cat"}]


@pytest.mark.parametrize(
    "name, text",
    [
        ("data.yaml", "path: .\ntrain: images\nnames: [zebra, dog]\n"),
        ("map.pbtxt", "item { id: 1 name: 'dog' } item { id: 0 name: 'zebra' }"),
    ],
)
def test_labels_files_with_numbers(tmp_path, name, text):
    write_folder(tmp_path, [annotation(voc_object(name="dog"))], {"train": ["0"]})
    (tmp_path / name).write_text(text)
    (split,) = read_voc([str(tmp_path)], ["train"], str(tmp_path / name))
    assert [(c.id, c.name) for c in split.categories] == [(0, "zebra"), (1, "dog")]
    (image,) = split.images
    assert [box.category_id for box in image.boxes] == [1]
    assert split.report.reasons() == []


def test_images_are_numbered_in_sorted_order(tmp_path):
    texts = [annotation(voc_object())] * 3
    write_folder(tmp_path, texts, {"train": ["2", "0", "1"]})
    images, _ = read_one(tmp_path)
    assert [(image.image_id, image.file_name) for image in images] == [
        (1, "0.jpg"),
        (2, "1.jpg"),
        (3, "2.jpg"),
    ]


def test_lists_of_one_class_have_a_flag(tmp_path):
    write_folder(tmp_path, [annotation(voc_object())] * 2, {"train": ["0  1", "1 -1"]})
    images, report = read_one(tmp_path)
    assert len(images) == 2 and report.reasons() == []


def test_a_flag_alone_is_a_name(tmp_path):
    write_folder(tmp_path, [annotation(voc_object())] * 2, {"train": ["0", "1"]})
    (tmp_path / "JPEGImages" / "1.jpg").unlink()
    _, report = read_one(tmp_path)
    assert report.entries("missing_image") == [{"file_name": "1", "detail": ""}]


def test_names_may_hold_blanks_and_other_letters(tmp_path):
    write_folder(tmp_path, [annotation(voc_object())], {"train": ["grün 1"]})
    (tmp_path / "JPEGImages" / "0.jpg").rename(tmp_path / "JPEGImages" / "grün 1.jpg")
    (tmp_path / "Annotations" / "0.xml").rename(tmp_path / "Annotations" / "grün 1.xml")
    (image,), report = read_one(tmp_path)
    assert image.file_name == "grün 1.jpg" and len(image.boxes) == 1


def test_parts_are_no_objects(tmp_path):
    part = "<part><name>head</name><bndbox><xmin>7</xmin></bndbox></part>"
    write_folder(tmp_path, [annotation(voc_object(more=part))], {"train": ["0"]})
    (image,), report = read_one(tmp_path)
    assert len(image.boxes) == 1 and report.boxes_read == 1


LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
BILLION_LAUGHS = (
    f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><annotation>&l9;</annotation>'
)
FAULTS = {
    "corners swapped": (annotation(voc_object(20, 5, 6, 10)), "swapped_corners"),
    "click without drag": (annotation(voc_object(6, 5, 6, 5)), "zero_area"),
    "flat": (annotation(voc_object(6, 5, 20, 5)), "zero_area"),
    "words for numbers": (annotation(voc_object("six")), "malformed_box"),
    "no number": (annotation(voc_object("")), "malformed_box"),
    "nan": (annotation(voc_object("nan")), "not_finite"),
    "infinite": (annotation(voc_object(xmax="inf")), "not_finite"),
    "name of two lines": (annotation(voc_object(name="a\nb")), "malformed_box"),
    "without name": (annotation(voc_object(name="")), "malformed_box"),
    "without box": (annotation("<object><name>dog</name></object>"), "malformed_box"),
    "beyond the image": (annotation(voc_object(xmax=64)), "outside_image"),
    "empty file": ("", "unreadable_annotation"),
    "cut off": (annotation(voc_object())[:-30], "unreadable_annotation"),
    "no XML": ("6 5 20 10 dog", "unreadable_annotation"),
    "unknown encoding": ('<?xml version="1.0" encoding="klingon"?><a/>', "unreadable_annotation"),
    "a bomb": (BILLION_LAUGHS, "unreadable_annotation"),
}


@pytest.mark.parametrize("text, reason", FAULTS.values(), ids=FAULTS)
def test_faults_are_counted(tmp_path, text, reason):
    good = annotation(voc_object())
    write_folder(tmp_path, [text, good, good], {"train": ["0", "1", "2"]})
    options = ConvertOptions(max_bad_fraction=1.0)
    report = convert(read_voc([str(tmp_path)], ["train"]), str(tmp_path / "r"), options)["train"]
    assert report.count(reason) == 1
    assert report.entries(reason)[0]["file_name"] == "0.jpg"
    assert report.boxes_written == 2
    with pytest.raises(UserError, match=reason):
        convert(read_voc([str(tmp_path)], ["train"]), str(tmp_path / "s"), ConvertOptions())
    assert not (tmp_path / "s").exists()


def test_images_without_annotation_are_background(tmp_path):
    write_folder(tmp_path, [None, annotation(voc_object()), annotation()], {"train": list("012")})
    report = convert(read_voc([str(tmp_path)], ["train"]), str(tmp_path / "r"), ConvertOptions())[
        "train"
    ]
    assert report.images_written == 3
    assert report.count("image_without_annotation") == 1
    assert report.count("image_without_boxes") == 2


def test_names_in_lists_do_not_lead_elsewhere(tmp_path):
    write_folder(tmp_path, [annotation(voc_object())], {"train": ["0", "0", "../0", "7"]})
    images, report = read_one(tmp_path)
    assert len(images) == 1
    assert report.dropped("image") == {
        "duplicate_image": 1,
        "unsafe_path": 1,
        "missing_image": 1,
    }


def test_boxes_of_missing_images_are_counted(tmp_path):
    texts = [annotation(voc_object(), voc_object(7)), annotation(voc_object()), "no XML"]
    write_folder(tmp_path, texts, {"train": list("012")})
    for name in ("0.jpg", "2.jpg"):
        (tmp_path / "JPEGImages" / name).unlink()
    images, report = read_one(tmp_path)
    assert len(images) == 1 and report.boxes_read == 3
    assert report.dropped("image") == {"missing_image": 2}
    assert report.entries("image_left_out") == [{"file_name": "0", "detail": "missing_image"}] * 2


def test_names_that_cannot_be_are_told_apart(tmp_path):
    write_folder(tmp_path, [annotation(voc_object())], {"train": ["0", "a\\0", "a\tb", "~/0"]})
    _, report = read_one(tmp_path)
    assert "divided by '/'" in report.entries("missing_image")[0]["detail"]
    (entry,) = report.entries("unusable_name")
    assert entry == {"file_name": "a\tb", "detail": "the name has control characters"}
    assert report.count("unsafe_path") == 1


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(UserError, match="not a Pascal VOC folder: it holds no 'Annotations'"):
        read_voc([str(tmp_path)], ["train"])
    write_folder(tmp_path, [annotation()], {"train": ["0"], "empty": []})
    with pytest.raises(UserError, match="lists there are: empty, train. Did you mean 'train'"):
        read_voc([str(tmp_path)], ["trian"])
    with pytest.raises(UserError, match="needs a list"):
        read_voc([str(tmp_path)], ["../train"])
    with pytest.raises(UserError, match="empty.txt' is empty"):
        read_voc([str(tmp_path)], ["empty"])
    with pytest.raises(UserError, match="holds no objects in the splits train.$"):
        read_voc([str(tmp_path)], ["train"])
    with pytest.raises(UserError, match="Cannot read the labels file"):
        read_voc([str(tmp_path)], ["train"], str(tmp_path / "none"))
    (tmp_path / "labels").write_text("a\na\n")
    with pytest.raises(UserError, match="each once"):
        read_voc([str(tmp_path)], ["train"], str(tmp_path / "labels"))


def test_why_no_objects_are_left_is_told(tmp_path):
    texts = ["no XML", annotation(voc_object()), annotation(voc_object("six")), None]
    write_folder(tmp_path, texts, {"train": ["1.jpg"], "val": ["0", "7", "8"], "test": ["2", "3"]})
    with pytest.raises(UserError) as caught:
        read_voc([str(tmp_path)], ["train", "val", "test"])
    message = str(caught.value)
    for part in (
        "holds no objects in the splits train, val, test. Split 'train' has missing_image 1. ",
        "no such image file): 1.jpg: lists name images without their extension. Split 'val' has ",
        "Split 'val' has missing_image 2, unreadable_annotation 1. missing_image (",
        "such image file): 7; also 8. unreadable_annotation (",
        "cannot be read): 0.jpg: Annotations/0.xml: syntax error",
        "Split 'test' has malformed_box 1, image_without_annotation 1. ",
        "no annotation file; kept without boxes): 3.jpg: no Annotations/3.xml.",
    ):
        assert part in message


def test_real_blood_cells(testdata, tmp_path):
    root = testdata / "data" / "bccd" / "BCCD"
    splits = read_voc([str(root)], ["trainval", "test"])
    reports = convert(splits, str(tmp_path / "r"), ConvertOptions())
    assert reports["trainval"].boxes_by_class == {"RBC": 3348, "WBC": 301, "Platelets": 292}
    assert reports["test"].boxes_by_class == {"RBC": 805, "WBC": 71, "Platelets": 69}
    assert reports["trainval"].reasons() == ["zero_area"]
