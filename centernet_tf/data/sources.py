"""From what the user names on the command line to annotated splits, format by format."""

import glob
import os
from typing import List, Sequence, Tuple

from centernet_tf.data.annotations import AnnotatedSplit, Category, RecordSplit
from centernet_tf.data.class_names import (
    is_yaml,
    keypoint_values,
    names_by_id,
    read_data_yaml,
    yolo_names,
)
from centernet_tf.data.coco import read_coco
from centernet_tf.data.shapes import drawn_splits
from centernet_tf.data.voc import read_voc
from centernet_tf.data.yolo import read_yolo, shared_labels
from centernet_tf.errors import UserError, nearest
from centernet_tf.quote import quote

# The settings that each form of annotations takes.
_SETTINGS = {
    "coco": ["split"],
    "voc": ["voc_root", "splits", "labels_file"],
    "yolo": ["split", "labels_file"],
    "records": ["split", "labels_file"],
    "shapes": ["num_train", "num_val", "image_size", "seed"],
}


ALL_FLAGS = sorted({name for names in _SETTINGS.values() for name in names})


def flags_of(formats: Sequence[str]) -> List[str]:
    """Names of the flags that forms of annotations take.

    Raises:
      UserError: there is no such form, or records are to be mixed with others.
    """
    for name in formats:
        if name not in _SETTINGS:
            raise UserError(
                f"--format must be one of {', '.join(_SETTINGS)}, or several; got '{name}'."
                f"{nearest(name, _SETTINGS)}"
            )
    if "records" in formats and len(formats) > 1:
        raise UserError(
            "--format=records only writes a manifest for records that are there, so it cannot be "
            "combined with other formats."
        )
    if len(set(formats)) < len(formats):
        raise UserError(f"--format={','.join(formats)} names a format twice.")
    return list(dict.fromkeys(name for each in formats for name in _SETTINGS[each]))


def readers(output_dir: str, given: dict) -> dict:
    """Returns, for each form, the function from descriptions of splits to the splits.

    Args:
      output_dir: folder of the data set, in which `shapes` are drawn.
      given: values of the flags by name.
    """
    labels_file = given.get("labels_file", "")

    def shapes(_):
        return shapes_splits(output_dir, *(given[name] for name in _SETTINGS["shapes"]))

    return {
        "coco": coco_splits,
        "voc": lambda _: voc_splits(given["voc_root"], given["splits"], labels_file),
        "yolo": lambda descriptions: yolo_splits(descriptions, labels_file),
        "records": lambda descriptions: record_splits(descriptions, labels_file),
        "shapes": shapes,
    }


def coco_splits(descriptions: Sequence[str]) -> List[AnnotatedSplit]:
    """Reads splits described as `NAME:IMAGE_FOLDER:ANNOTATIONS.json`.

    Raises:
      UserError: there is none, one is not of this form, or its files are missing or wrong.
    """
    form = (
        "--split=NAME:IMAGE_FOLDER:ANNOTATIONS.json, such as --split=train:images/train:train.json"
    )
    if not descriptions:
        raise UserError(f"--format=coco needs at least one {form}.")
    splits = []
    for description in descriptions:
        name, _, paths = description.partition(":")
        images_dir, _, annotations_path = paths.rpartition(":")
        if not (name and images_dir and annotations_path):
            raise UserError(f"--split={description} is not of the form {form}.")
        splits.append(read_coco(name, images_dir, annotations_path))
    return splits


def voc_splits(
    voc_roots: Sequence[str], splits: Sequence[str], labels_file: str = ""
) -> List[AnnotatedSplit]:
    """Reads the lists `splits` of Pascal VOC folders.

    Raises:
      UserError: no folder is given, or something in one is missing or wrong.
    """
    if not [root for root in voc_roots if root]:
        raise UserError(
            "--format=voc needs --voc_root, the folder with Annotations and JPEGImages."
        )
    if not [name for name in splits if name]:
        raise UserError("--format=voc needs --splits, such as --splits=trainval,test.")
    return read_voc(voc_roots, splits, labels_file)


def yolo_splits(descriptions: Sequence[str], labels_file: str) -> List[AnnotatedSplit]:
    """Reads splits described as `NAME:IMAGES` or `NAME:IMAGES:LABEL_FOLDER`.

    Args:
      descriptions: IMAGES is a folder or a text file that lists images. Without any, the splits are
        the `train`, `val` and `test` of a `data.yaml` given as the labels file.
      labels_file: class names, one a line, or `data.yaml`.

    Raises:
      UserError: there is none, one is not of this form, or its files are missing or wrong.
    """
    form = "--split=NAME:IMAGES:LABEL_FOLDER, such as --split=train:images/train:labels/train"
    if not labels_file:
        raise UserError(
            "--format=yolo needs --labels_file, YOLO's data.yaml or the class names, one a line."
        )
    names, num_keypoint_values = yolo_names(labels_file), 0
    if is_yaml(labels_file):
        num_keypoint_values = keypoint_values(read_data_yaml(labels_file), labels_file)
    paths = [_yolo_paths(description, form) for description in descriptions]
    if not paths and is_yaml(labels_file):
        paths = _yaml_splits(labels_file)
    if not paths:
        raise UserError(f"--format=yolo needs at least one {form}.")
    shared = shared_labels([(images, labels_dir) for _, images, labels_dir in paths])
    return [
        read_yolo(name, images, labels_dir, names, is_shared, num_keypoint_values)
        for (name, images, labels_dir), is_shared in zip(paths, shared)
    ]


def _yolo_paths(description: str, form: str) -> Tuple[str, str, str]:
    name, _, paths = description.partition(":")
    images, _, labels_dir = paths.partition(":")
    if not (name and images):
        raise UserError(f"--split={description} is not of the form {form}.")
    return name, images, labels_dir


def _yaml_splits(path: str) -> List[Tuple[str, str, str]]:
    """Returns name, images and label folder of the splits of a data.yaml."""
    document = read_data_yaml(path)
    beside = os.path.dirname(path)
    root = os.path.join(beside, str(document.get("path") or ""))
    if not os.path.isdir(root):
        # YOLO's tools resolve `path` against a folder of their own settings, which nobody else
        # knows.
        print(f"'{root}', the 'path' in '{path}', is no folder; taking '{beside or '.'}'.")
        root = beside
    splits = []
    for name in ("train", "val", "test"):
        entry = document.get(name) or ""
        if not isinstance(entry, str):
            raise UserError(
                f"'{name}' in '{path}' must be one folder or one list of images; found "
                f"{quote(entry)}. List all its images in one text file and give "
                f"--split={name}:FILE.txt."
            )
        images = os.path.normpath(os.path.join(root, entry))
        if entry.startswith("../") and not os.path.exists(images):
            # Some exports count from a folder beside data.yaml that is not there.
            images = os.path.normpath(os.path.join(root, entry[len("../") :]))
        if entry and name == "test" and not os.path.exists(images):
            # Labelling tools name it whether they have written it or not.
            print(f"'{images}', the 'test' in '{path}', is not there; going on without it.")
        elif entry:
            splits.append((name, images, ""))
    return splits


def record_splits(descriptions: Sequence[str], labels_file: str) -> List[RecordSplit]:
    """Finds splits of records that are there, described as `NAME:PATTERN`.

    Args:
      descriptions: PATTERN is a path of TFRecord files with `*` and `?`, or `**` for any folders.
      labels_file: names the classes by id, see `names_by_id`.

    Raises:
      UserError: there is none, one is not of this form or finds no file, or classes have no names.
    """
    form = "--split=NAME:PATTERN, such as --split=train:records/train-*.tfrecord"
    if not labels_file:
        raise UserError(
            "--format=records needs --labels_file: a label map (.pbtxt), a YAML file whose 'names' "
            "maps ids to names, or names, one a line, numbered from 1."
        )
    if not descriptions:
        raise UserError(f"--format=records needs at least one {form}.")
    names = names_by_id(labels_file)
    categories = tuple(Category(identifier, names[identifier]) for identifier in sorted(names))
    splits = []
    for description in descriptions:
        name, _, pattern = description.partition(":")
        if not (name and pattern):
            raise UserError(f"--split={description} is not of the form {form}.")
        paths = sorted(path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path))
        if not paths:
            raise UserError(f"No file is called as '{pattern}' says, so split '{name}' is empty.")
        splits.append(RecordSplit(name, categories, tuple(paths)))
    return splits


def shapes_splits(
    output_dir: str, num_train: int, num_val: int, image_size: Sequence, seed: int
) -> List[AnnotatedSplit]:
    """Returns the splits of the embedded data set, see `drawn_splits`.

    Args:
      output_dir: folder of the data set.
      num_train, num_val: how many images.
      image_size: (height, width) in pixels, as numbers or digits.
      seed: every random choice follows from it.

    Raises:
      UserError: the image size makes no sense.
    """
    try:
        height, width = (int(side) for side in image_size)
    except ValueError as error:
        given = ",".join(map(str, image_size))
        raise UserError(f"--image_size must be height,width in pixels; got {given}.") from error
    return drawn_splits(output_dir, num_train, num_val, (height, width), seed)
