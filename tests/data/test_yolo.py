"""YOLO text files: boxes, polygons, where labels are found, and what can be wrong."""

import os

import pytest
from PIL import Image

from centernet_tf.data import yolo
from centernet_tf.data.convert import convert
from centernet_tf.data.convert_options import ConvertOptions
from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.orientation import EXIF_TAG
from centernet_tf.data.record_annotations import read_annotations
from centernet_tf.data.sources import yolo_splits
from centernet_tf.data.yolo import read_yolo, shared_labels
from centernet_tf.errors import UserError
from tests.data import coco_folder
from tests.data.yolo_folder import GOOD, NAMES, write_folder, write_yaml

HEIGHT, WIDTH = coco_folder.HEIGHT, coco_folder.WIDTH


def read(images, labels_dir="", **options):
    """Returns the images and the report of a split."""
    split = read_yolo("train", str(images), str(labels_dir), NAMES, **options)
    return list(split.images), split.report


def converted(root, splits, **options):
    """Returns the report and the annotations of the first split, read back from its records."""
    report = convert(splits, str(root / "records"), ConvertOptions(**options))[splits[0].name]
    return report, read_annotations(load_manifest(str(root / "records")), splits[0].name)


def test_boxes_are_parts_of_the_image(tmp_path):
    (image,), report = read(write_folder(tmp_path, ["4 0.5 0.25 0.5 0.25\n\n0 .1 .2 .1 .2"]))
    assert (image.image_id, image.file_name, image.boxes_are_normalized) == (1, "0.jpg", True)
    assert (image.height, image.width) == (0, 0)
    first, second = image.boxes
    assert first.category_id == 4 and first.box_px == (0.125, 0.25, 0.375, 0.75)
    assert first.area == 0.125
    assert second.category_id == 0
    assert second.box_px == pytest.approx((0.1, 0.05, 0.3, 0.15))
    assert report.boxes_read == 2 and report.reasons() == []


def test_polygons_become_the_box_around_them(tmp_path):
    (image,), report = read(write_folder(tmp_path, ["0 0.25 0.5 0.75 0.5 0.5 0.75"]))
    assert image.boxes[0].box_px == (0.5, 0.25, 0.75, 0.75)
    assert image.boxes[0].area == pytest.approx(0.5 * 0.25 / 2)
    assert report.reasons() == []


def test_full_conversion(tmp_path):
    texts = ["4 0.5 0.25 0.5 0.25\n0 0.125 0.5 0.25 1\n", "", None]
    write_folder(tmp_path, texts)
    write_folder(tmp_path, [GOOD], "val")
    (tmp_path / "data.yaml").write_text(
        "path: .\ntrain: images/train\nval: images/val\ntest:\nnames: {4: traffic light, 0: hat}"
    )
    report, images = converted(tmp_path, yolo_splits([], str(tmp_path / "data.yaml")))
    manifest = load_manifest(str(tmp_path / "records"))
    assert list(manifest.splits) == ["train", "val"]
    assert [(c.id, c.name) for c in manifest.categories] == [(0, "hat"), (4, "traffic light")]
    assert [image.image_id for image in images] == [1, 2, 3]
    assert [len(image.boxes) for image in images] == [2, 0, 0]
    light, hat = images[0].boxes
    assert light.category_id == 4 and light.box_px == pytest.approx((5, 15, 15, 45), abs=1e-4)
    assert light.area == pytest.approx(300)
    assert hat.category_id == 0 and hat.box_px == pytest.approx((0, 0, 40, 15), abs=1e-4)
    assert report.count("image_without_annotation") == 1
    assert report.count("image_without_boxes") == 2
    assert report.boxes_read == report.boxes_written == 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_of_turned_photographs_are_upright(tmp_path, orientation):
    images = write_folder(tmp_path, ["0 0.25 0.5 0.5 0.25"])
    exif = Image.Exif()
    exif[EXIF_TAG] = orientation
    path = os.path.join(images, "0.jpg")
    with Image.open(path) as image:
        image.save(path, exif=exif)
    _, (image,) = converted(tmp_path, [read_yolo("train", images, "", NAMES)])
    height, width = (WIDTH, HEIGHT) if orientation >= 5 else (HEIGHT, WIDTH)
    assert (image.height, image.width) == (height, width)
    expected = (0.375 * height, 0, 0.625 * height, 0.5 * width)
    assert image.boxes[0].box_px == pytest.approx(expected, abs=1e-3)


def test_names_may_hold_blanks_and_other_letters(tmp_path):
    images = write_folder(tmp_path, [None])
    name = "grün 日本.v1"
    os.rename(os.path.join(images, "0.jpg"), os.path.join(images, name + ".JPG"))
    (tmp_path / "labels" / "train" / (name + ".txt")).write_text(GOOD)
    report, (image,) = converted(tmp_path, [read_yolo("train", images, "", NAMES)])
    assert image.file_name == name + ".JPG" and len(image.boxes) == 1
    assert report.reasons() == []


def test_labels_lie_in_the_last_folder_of_that_name(tmp_path):
    images = write_folder(tmp_path / "images" / "set", [GOOD])
    (image,), _ = read(images)
    assert len(image.boxes) == 1


def test_labels_may_lie_beside_the_images(tmp_path):
    coco_folder.write_images(tmp_path / "pictures" / "deep", 1)
    (tmp_path / "pictures" / "deep" / "0.txt").write_text(GOOD)
    (tmp_path / "pictures" / "deep" / "notes.txt").write_text("no label")
    (image,), report = read(tmp_path / "pictures")
    assert image.file_name == "deep/0.jpg" and len(image.boxes) == 1
    assert report.reasons() == []


def test_a_label_folder_can_be_named(tmp_path):
    coco_folder.write_images(tmp_path / "a" / "sub", 1)
    (tmp_path / "b" / "sub").mkdir(parents=True)
    (tmp_path / "b" / "sub" / "0.txt").write_text(GOOD)
    (tmp_path / "names").write_text("hat\n")
    description = f"val:{tmp_path / 'a'}:{tmp_path / 'b'}"
    (split,) = yolo_splits([description], str(tmp_path / "names"))
    (image,) = split.images
    assert (split.name, len(image.boxes)) == ("val", 1)


def test_lists_of_images(tmp_path):
    images = write_folder(tmp_path, [GOOD] * 3)
    lines = ["./images/train/1.jpg", "images/train/0.jpg", os.path.join(images, "2.jpg")]
    wrong = ["images/train/../train/0.jpg", "../x.jpg", "/etc/passwd", "images/train/9.jpg"]
    path = tmp_path / "list.txt"
    path.write_text("\n".join([*lines, "", *wrong]))
    found, report = read(path)
    assert [(image.image_id, image.file_name) for image in found] == [
        (1, "images/train/1.jpg"),
        (2, "images/train/0.jpg"),
        (3, "images/train/2.jpg"),
        (7, "images/train/9.jpg"),
    ]
    assert [len(image.boxes) for image in found] == [1, 1, 1, 0]
    assert report.images_read == 7
    assert report.dropped("image") == {"duplicate_image": 1, "unsafe_path": 2}


def test_a_list_that_is_not_above_its_images_is_told_so(tmp_path):
    images = write_folder(tmp_path, [GOOD])
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "list.txt").write_text(os.path.join(images, "0.jpg"))
    _, report = read(tmp_path / "lists" / "list.txt")
    (entry,) = report.entries("unsafe_path")
    assert entry["file_name"] == "../images/train/0.jpg"
    assert "put the list in a folder above" in entry["detail"]


def test_a_list_with_backslashes_is_told_so(tmp_path):
    write_folder(tmp_path, [GOOD])
    (tmp_path / "list.txt").write_text("images\\train\\0.jpg")
    with pytest.raises(UserError, match=r"0.txt' \(its name has '\\', folders are .* '/'\)"):
        read(tmp_path / "list.txt")


def test_names_that_are_not_utf8_are_told_so(tmp_path):
    images = write_folder(tmp_path, [GOOD] * 2)
    os.rename(os.path.join(images, "0.jpg"), os.fsencode(images) + b"/\xe4.jpg")
    found, report = read(images)
    assert len(found) == 1
    assert report.entries("unusable_name") == [
        {"file_name": "\udce4.jpg", "detail": "the name is not UTF-8; rename the file"}
    ]


def test_left_over_label_files_are_counted(tmp_path):
    images = write_folder(tmp_path, [GOOD])
    labels = tmp_path / "labels" / "train"
    (labels / "gone.txt").write_text(GOOD + "\n" + GOOD)
    (labels / "classes.txt").write_text("hat\n")
    (labels / "folder.txt").mkdir()
    os.mkfifo(labels / "pipe.txt")
    for labels_dir in ("", labels):
        _, report = read(images, labels_dir)
        assert report.dropped("box") == {"annotation_without_image": 2}
        assert report.entries("annotation_without_image")[0]["detail"] == f"gone.txt: {GOOD[:-1]}"
        assert report.boxes_read == 3


def test_a_left_over_label_file_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    images = write_folder(tmp_path, [GOOD])
    (tmp_path / "labels" / "train" / "gone.txt").write_text(GOOD)

    def refuse(path, *args, **options):
        if str(path).endswith("gone.txt"):
            raise PermissionError(13, "Permission denied", path)
        return open(path, *args, **options)

    monkeypatch.setattr(yolo, "open", refuse, raising=False)
    with pytest.raises(UserError, match="Cannot read '.*gone.txt' .*: Permission denied. Make it"):
        read(images)


def test_left_over_label_files_of_two_splits_of_data_yaml_are_counted(tmp_path):
    for part in ("train", "val"):
        write_folder(tmp_path, [GOOD], part)
        (tmp_path / "labels" / part / f"gone_{part}.txt").write_text(GOOD)
    text = "train: images/train\nval: images/val"
    for split in yolo_splits([], write_yaml(tmp_path, text)):
        assert len(list(split.images)) == 1
        (entry,) = split.report.entries("annotation_without_image")
        assert entry["detail"].startswith(f"gone_{split.name}.txt: ")


@pytest.mark.parametrize(
    "other, is_shared",
    [
        (("a/images/val", ""), False),
        (("a/images/train_2", ""), False),
        (("a/images/train", ""), False),
        (("a/val", ""), False),
        (("a/images", ""), True),
        (("a/val", "a/labels/train/"), True),
        (("a/val", "a/labels/train/sub"), True),
        (("a/images/link", "a/link"), True),
    ],
)
def test_label_folders_that_serve_two_splits(tmp_path, monkeypatch, other, is_shared):
    (tmp_path / "a" / "labels" / "train").mkdir(parents=True)
    (tmp_path / "a" / "link").symlink_to("labels/train")
    monkeypatch.chdir(tmp_path)
    assert shared_labels([("a/images/train", ""), other]) == [is_shared] * 2


def test_labels_of_other_splits_are_not_left_over(tmp_path):
    """One label folder may serve several splits, and a list names but a part of the images."""
    images = write_folder(tmp_path, [GOOD] * 2)
    (tmp_path / "names").write_text("hat\n")
    for number in (0, 1):
        (tmp_path / f"list{number}.txt").write_text(f"images/train/{number}.jpg")
        os.mkdir(tmp_path / f"part{number}")
        os.rename(os.path.join(images, f"{number}.jpg"), tmp_path / f"part{number}/{number}.jpg")
    labels = tmp_path / "labels" / "train"
    for kind in ("list{}.txt", "part{}"):
        flags = [f"s{number}:{tmp_path / kind.format(number)}:{labels}" for number in (0, 1)]
        for split in yolo_splits(flags, str(tmp_path / "names")):
            (image,) = split.images
            assert image.boxes
            assert split.report.count("annotation_without_image") == 0


def test_keypoints_of_pose_labels_do_not_widen_the_boxes(tmp_path):
    write_folder(tmp_path, ["0 0.7 0.7 0.2 0.2 0.1 0.1 0.9 0.9 0.2 0.8 0.4 0.4\n"])
    (tmp_path / "data.yaml").write_text("names: [hat]\nkpt_shape: [4, 2]\ntrain: images/train\n")
    (split,) = yolo_splits([], str(tmp_path / "data.yaml"))
    ((box,),) = [image.boxes for image in split.images]
    assert box.box_px == pytest.approx((0.6, 0.6, 0.8, 0.8))
    (tmp_path / "data.yaml").write_text("names: [hat]\nkpt_shape: 17\ntrain: images/train\n")
    with pytest.raises(UserError, match="'kpt_shape' in .* must be .*found 17"):
        yolo_splits([], str(tmp_path / "data.yaml"))


def test_a_label_folder_without_any_label_is_an_error(tmp_path):
    images = write_folder(tmp_path, [GOOD] * 2)
    (tmp_path / "elsewhere").mkdir()
    split = read_yolo("train", images, str(tmp_path / "elsewhere"), {0: "hat"})
    with pytest.raises(UserError, match="None of 2 images .* would be '.*elsewhere/1.txt'"):
        list(split.images)


def test_images_that_would_share_a_text_file_are_counted_each(tmp_path):
    images = write_folder(tmp_path, [None] * 2)
    coco_folder.write_images(tmp_path / "images" / "train", 1, ".png")
    with pytest.raises(UserError, match="None of 3 images .* would be '.*labels/train/1.txt'"):
        read(images)
    (tmp_path / "labels" / "train" / "0.txt").write_text(GOOD)
    found, report = read(images)
    assert [len(image.boxes) for image in found] == [1, 1, 0]
    assert report.count("image_without_annotation") == 1


def test_folders_that_link_to_each_other_end(tmp_path):
    images = write_folder(tmp_path, [GOOD])
    os.makedirs(os.path.join(images, "deep"))
    for name in ("a", "b"):
        os.symlink(images, os.path.join(images, "deep", name))
    coco_folder.write_images(tmp_path / "elsewhere", 2)
    os.symlink(tmp_path / "elsewhere", os.path.join(images, "linked"))
    found, _ = read(images)
    assert [image.file_name for image in found] == ["0.jpg", "linked/0.jpg", "linked/1.jpg"]


# What is wrong with the text file of one image of three, and the reason that is counted.
FAULTS = {
    "class not listed": ("1 0.5 0.5 0.1 0.1", "unknown_class"),
    "class is negative": ("-1 0.5 0.5 0.1 0.1", "malformed_box"),
    "class is a fraction": ("0.5 0.5 0.5 0.1 0.1", "malformed_box"),
    "class is a word": ("hat 0.5 0.5 0.1 0.1", "malformed_box"),
    "class is no number": ("nan 0.5 0.5 0.1 0.1", "malformed_box"),
    "class is infinite": ("inf 0.5 0.5 0.1 0.1", "malformed_box"),
    "class alone": ("0", "malformed_box"),
    "three columns": ("0 0.5 0.5 0.1", "malformed_box"),
    "six columns": ("0 0.5 0.5 0.1 0.1 0.9", "malformed_box"),
    "half a point": ("0 0.1 0.1 0.2 0.1 0.2 0.2 0.3", "malformed_box"),
    "commas": ("0,0.5,0.5,0.1,0.1", "malformed_box"),
    "in pixels": ("0 30 20 10 10", "outside_image"),
    "over the edge": ("0 0.9 0.5 0.4 0.1", "outside_image"),
    "no number": ("0 0.5 nan 0.1 0.1", "not_finite"),
    "infinite": ("0 0.5 0.5 inf 0.1", "not_finite"),
    "overflow": ("0 1e308 0.5 1.7e308 0.1", "not_finite"),
    "polygon without a number": ("0 0.1 0.1 0.2 nan 0.2 0.2", "not_finite"),
    "no width": ("0 0.5 0.5 0 0.1", "zero_area"),
    "flat polygon": ("0 0.1 0.1 0.2 0.1 0.3 0.1", "zero_area"),
    "negative height": ("0 0.5 0.5 0.1 -0.1", "negative_area"),
    "box twice": ("0 0.5 0.5 0.1 0.1\n0 0.5 0.5 0.1 0.1", "duplicate_box"),
    "binary": (b"\x89PNG\xff\xfe\x00", "unreadable_annotation"),
    "zeros": (b"\x00" * 500, "malformed_box"),
    "Latin-1": ("0 0.5 0.5 0.1 0.1 # ö".encode("latin-1"), "unreadable_annotation"),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text, reason", FAULTS.values(), ids=FAULTS)
def test_faults_are_counted(tmp_path, text, reason):
    images = write_folder(tmp_path, [text, GOOD, GOOD])
    with pytest.raises(UserError, match=f"(?s)cannot be used.*{reason}"):
        converted(tmp_path, [read_yolo("train", images, "", NAMES)])
    assert not (tmp_path / "records").exists()
    split = read_yolo("train", images, "", NAMES)
    report, found = converted(tmp_path, [split], max_bad_fraction=1.0)
    assert report.count(reason) == 1
    assert report.entries(reason)[0]["file_name"] == "0.jpg"
    assert [len(image.boxes) for image in found[-2:]] == [1, 1]
    assert sum(report.dropped("box").values()) == report.boxes_read - report.boxes_written
