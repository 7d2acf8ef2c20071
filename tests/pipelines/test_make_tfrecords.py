"""The program as a person runs it: what it prints, its exit code, what it leaves behind."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from centernet_tf.data.manifest import load_manifest
from tests.data import coco_folder

ROOT = pathlib.Path(__file__).parents[2]


def start(*flags, cwd=ROOT):
    command = [sys.executable, "-m", "pipelines.make_tfrecords", *flags]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=cwd, env=environment, text=True, **pipes)


def run(*flags, cwd=ROOT):
    """Returns exit code, standard output and standard error."""
    process = start(*flags, cwd=cwd)
    output, errors = process.communicate(timeout=300)
    return process.returncode, output, errors


def test_shapes_end_to_end(tmp_path):
    flags = (
        "--format=shapes",
        f"--output_dir={tmp_path / 'records'}",
        "--num_train=4",
        "--num_val=2",
        "--image_size=64,96",
    )
    code, output, errors = run(*flags)
    assert (code, errors) == (0, "")
    assert output.split("\n")[1].split() == ["images", "4", "2"]
    manifest = load_manifest(str(tmp_path / "records"))
    assert manifest.split("train").num_examples == 4
    assert manifest.options["image_size"] == ["64", "96"]

    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    code, output, errors = run(*flags)
    assert (code, output) == (1, "")
    assert errors.startswith("error: ") and errors.count("\n") == 1 and "--overwrite" in errors
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


def test_coco_splits_relative_to_the_working_folder(tmp_path):
    coco_folder.write_folder(tmp_path)
    code, output, errors = run(
        "--format=coco",
        "--output_dir=records",
        "--split=train:images:train.json",
        "--split=val:images:train.json",
        cwd=tmp_path,
    )
    assert (code, errors) == (0, "")
    manifest = load_manifest(str(tmp_path / "records"))
    assert list(manifest.splits) == ["train", "val"]
    assert manifest.options["split"] == [
        "train:images:train.json",
        "val:images:train.json",
    ]


def test_yolo_and_then_a_manifest_for_its_records(tmp_path):
    coco_folder.write_images(tmp_path / "images")
    (tmp_path / "labels").mkdir()
    for number in range(3):
        (tmp_path / "labels" / f"{number}.txt").write_text("1 0.5 0.5 0.5 0.5")
    (tmp_path / "data.yaml").write_text("train: images\nnames: [hat, dog]")
    flags = ("--format=yolo", "--labels_file=data.yaml", "--output_dir=records")
    assert run(*flags, cwd=tmp_path)[::2] == (0, "")
    flags = ("--format=records", "--labels_file=data.yaml", "--output_dir=listed")
    code, output, errors = run(*flags, "--split=val:records/train-*", cwd=tmp_path)
    assert (code, errors) == (0, "") and output.split("\n")[1].split() == ["images", "3"]
    manifest = load_manifest(str(tmp_path / "listed"))
    assert manifest.split("val").num_boxes == 3 and manifest.class_names == ["hat", "dog"]
    assert manifest.options["split"] == ["val:records/train-*"]
    assert sorted(os.listdir(tmp_path / "listed")) == ["manifest.json", "report.json"]


@pytest.mark.parametrize(
    "flags, sentence",
    [
        (["--output_dir=r"], "The flag --format is missing"),
        (["--format=coco"], "The flag --output_dir is missing"),
        (["--format=cocoa", "--output_dir=r"], "got 'cocoa'. Did you mean 'coco'?"),
        (["--format=coco", "--output_dir=r", "--splits_=a"], "There is no flag --splits_"),
        (["--format=coco", "--output_dir=r"], "--format=coco needs at least one --split=NAME"),
        (["--format=coco", "--output_dir=r", "--split=train:a.json"], "is not of the form"),
        (["--format=coco", "--output_dir=r", "--split=train:a:b.json"], "'a' of split 'train'"),
        (["--format=yolo", "--output_dir=r"], "--format=yolo needs --labels_file"),
        (["--format=records", "--output_dir=r"], "--format=records needs --labels_file"),
        (["--format=voc", "--output_dir=r"], "--format=voc needs --voc_root"),
        (["--format=voc", "--output_dir=r", "--voc_root=a"], "'a' is not a Pascal VOC folder"),
        (["--format=shapes", "--output_dir=r", "--image_size=9"], "must be height,width"),
        (
            ["--format=voc", "--output_dir=r", "--voc_root=a", "--split=train:x"],
            "--split has no effect with --format=voc",
        ),
        (
            ["--format=records", "--output_dir=r", "--workers=4"],
            "--workers has no effect with --format=records",
        ),
        (["--format=shapes", "--output_dir=r", "--num_train=0"], "Wrong flag"),
        (["--format=shapes", "--output_dir=r", "--workers=0", "--num_train=1"], "Wrong flag"),
    ],
    ids=str,
)
def test_faults_are_one_sentence(tmp_path, flags, sentence):
    code, output, errors = run(*flags, cwd=tmp_path)
    assert (code, output) == (1, "")
    assert errors.startswith("error: ") and errors.count("\n") == 1
    assert sentence in errors
    assert os.listdir(tmp_path) == []


def test_a_killed_run_started_again_starts_clean(tmp_path):
    content = coco_folder.document(1)
    content["images"] *= 20_000
    for number, image in enumerate(content["images"]):
        content["images"][number] = {**image, "id": number}
    content["annotations"] = []
    coco_folder.write_folder(tmp_path, content)
    flags = ("--format=coco", "--output_dir=records", "--split=train:images:train.json")
    process = start(*flags, cwd=tmp_path)
    records = tmp_path / "records"
    while process.poll() is None and not list(records.glob(".unfinished/*")):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert os.listdir(records) == [".unfinished"]

    coco_folder.write_folder(tmp_path)
    code, _, errors = run(*flags, cwd=tmp_path)
    assert (code, errors) == (0, "")
    assert sorted(os.listdir(records)) == [
        "manifest.json",
        "report.json",
        "train-00000-of-00001.tfrecord",
    ]
    assert load_manifest(str(records)).split("train").num_examples == 3


def test_voc_and_yolo_share_a_data_yaml(tmp_path):
    coco_folder.write_images(tmp_path / "images", 1)
    coco_folder.write_images(tmp_path / "JPEGImages", 1)
    for folder in ("labels", "Annotations", "ImageSets/Main"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "labels" / "0.txt").write_text("1 0.5 0.5 0.5 0.5")
    (tmp_path / "Annotations" / "0.xml").write_text(
        "<annotation><object><name>dog</name><bndbox><xmin>6</xmin><ymin>5</ymin><xmax>20</xmax>"
        "<ymax>10</ymax></bndbox></object></annotation>"
    )
    (tmp_path / "ImageSets/Main/train.txt").write_text("0\n")
    (tmp_path / "data.yaml").write_text("path: .\nval: images\nnames: [hat, dog]\n")
    code, _, errors = run(
        "--format=voc,yolo",
        "--output_dir=records",
        "--voc_root=.",
        "--splits=train",
        "--labels_file=data.yaml",
        cwd=tmp_path,
    )
    assert (code, errors) == (0, "")
    manifest = load_manifest(str(tmp_path / "records"))
    assert [(c.id, c.name) for c in manifest.categories] == [(0, "hat"), (1, "dog")]
    report = json.loads((tmp_path / "records" / "report.json").read_text())
    for split in ("train", "val"):
        assert report[split]["boxes_by_class"] == {"dog": 1}


def test_two_formats_become_splits_of_one_data_set(tmp_path):
    coco_folder.write_folder(tmp_path)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "0.txt").write_text("0 0.5 0.5 0.5 0.5")
    coco = json.loads((tmp_path / "train.json").read_text())
    (tmp_path / "names.txt").write_text("fox\n" + coco["categories"][0]["name"])
    code, _, errors = run(
        "--format=coco,yolo",
        "--output_dir=records",
        "--split=coco:train:images:train.json",
        "--split=yolo:val:images:labels",
        "--labels_file=names.txt",
        cwd=tmp_path,
    )
    assert (code, errors) == (0, "")
    manifest = load_manifest(str(tmp_path / "records"))
    assert list(manifest.splits) == ["train", "val"]
    known = {category["id"]: category["name"] for category in coco["categories"]}
    made = {category.id: category.name for category in manifest.categories}
    assert set(made.values()) == {*known.values(), "fox"} and made.items() >= known.items()
