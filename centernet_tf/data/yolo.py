"""Reader of YOLO text files: beside each image a list of `class x y width height`.

Numbers are parts of the image's width and height, x and y of the box's centre, classes counted from
0. A line of a class and three points or more (`class x1 y1 x2 y2 ...`, YOLO's segments) becomes the
box around the points, unless `kpt_shape` of data.yaml says that keypoints follow each box. YOLO's
tools read photographs upright, so that is the frame of the numbers.
"""

import glob
import math
import os
from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

from centernet_tf.count_of import count_of
from centernet_tf.data.annotations import (
    AnnotatedSplit,
    BoxAnnotation,
    Category,
    ImageAnnotation,
)
from centernet_tf.data.image_list import list_images
from centernet_tf.data.problems import ProblemReport
from centernet_tf.data.safe_path import path_fault, path_inside, separator_hint
from centernet_tf.errors import UserError

# Text files that annotation tools leave among the labels.
_NOT_LABELS = ("classes.txt", "labels.txt", "notes.txt")


def read_yolo(
    name: str,
    images: str,
    labels_dir: str,
    names: dict,
    labels_are_shared: bool = False,
    num_keypoint_values: int = 0,
) -> AnnotatedSplit:
    """Opens one split.

    Args:
      name: of the split.
      images: a folder, searched with its subfolders, or a text file with a path of an image a line,
        relative to that file's folder.
      labels_dir: folder of the text files, laid out as the images are or flat; "" takes for each
        image its path with the last folder `images` called `labels`, or else the image's own
        folder.
      names: class names by YOLO's numbers.
      labels_are_shared: whether the label folder serves other splits too. In a folder that does not
        and whose images come from a folder, text files without an image are counted.
      num_keypoint_values: how many numbers follow each box; they are left out.

    Raises:
      UserError: a path is missing, or there are no images; while the images are read, when none of
        them has a text file.
    """
    root, file_names = list_images(name, images)
    if labels_dir and not os.path.isdir(labels_dir):
        raise UserError(f"The label folder '{labels_dir}' of split '{name}' does not exist.")
    report = ProblemReport()
    own_labels = _label_folder(images, labels_dir)
    is_own = os.path.isdir(images) and not labels_are_shared
    form = _Form(names, num_keypoint_values)
    return AnnotatedSplit(
        name=name,
        categories=tuple(Category(number, names[number]) for number in sorted(names)),
        num_images=len(file_names),
        images=_images(root, file_names, labels_dir, form, own_labels if is_own else "", report),
        report=report,
    )


def shared_labels(splits: Sequence[Tuple[str, str]]) -> List[bool]:
    """Says of each split whether the label folder of another one is in its own or around it.

    Args:
      splits: images and label folder of each, as `read_yolo` takes them. Splits of the same images
        share nothing: what has no image in one has none in the other.
    """
    folders = [_label_folder(images, labels_dir) for images, labels_dir in splits]
    real = [
        (os.path.realpath(images), os.path.join(os.path.realpath(folder), "") if folder else "")
        for (images, _), folder in zip(splits, folders)
    ]
    return [
        any(images != others and _overlap(folder, theirs) for others, theirs in real)
        for images, folder in real
    ]


def _overlap(folder: str, other: str) -> bool:
    return bool(folder and other) and (folder.startswith(other) or other.startswith(folder))


class _Form(NamedTuple):
    """Class names by number, and how many numbers follow a box."""

    names: dict
    num_keypoint_values: int


def _images(root, file_names, labels_dir, form, own_labels, report) -> Iterator[ImageAnnotation]:
    seen, used = set(), set()
    for image_id, file_name in enumerate(file_names, start=1):
        report.images_read += 1
        path = path_inside(root, file_name)
        if path is None:
            reason, detail = path_fault(file_name)
            if file_name.startswith(os.pardir + os.sep):
                detail = "not below the folder of the list; put the list in a folder above it"
            report.add(reason, file_name, detail)
        elif file_name in seen:
            report.add("duplicate_image", file_name)
        else:
            seen.add(file_name)
            label_path = _label_path(root, file_name, labels_dir)
            used.add(os.path.abspath(label_path))
            boxes = _read_labels(label_path, file_name, form, report)
            if boxes is not None:
                yield ImageAnnotation(
                    image_id, file_name, path, 0, 0, boxes, boxes_are_normalized=True
                )
    if seen and report.count("image_without_annotation") == len(seen):
        hint = separator_hint(file_name)
        last = f"'{label_path}' ({hint})" if hint else f"'{label_path}'"
        raise UserError(
            f"None of {count_of(len(seen), 'image')} of '{root}' has a text file of labels; the "
            f"last one would be {last}. Give the label folder as "
            "--split=NAME:IMAGES:LABEL_FOLDER."
        )
    if own_labels:
        _count_left_over(own_labels, used, report)


def _label_folder(images: str, labels_dir: str) -> str:
    """Returns the folder of a split's labels, '' where they lie beside the images."""
    return labels_dir or _beside_images(os.path.abspath(images) + os.sep)


def _label_path(root: str, file_name: str, labels_dir: str) -> str:
    stem = os.path.splitext(file_name)[0] + ".txt"
    if labels_dir:
        path, flat = (os.path.join(labels_dir, each) for each in (stem, os.path.basename(stem)))
        return flat if os.path.isfile(flat) and not os.path.isfile(path) else path
    path = os.path.abspath(os.path.join(root, stem))
    return _beside_images(path) or path


def _beside_images(path: str) -> str:
    """Returns the path with its last folder `images` called `labels`, '' where there is none."""
    before, found, after = path.rpartition(os.sep + "images" + os.sep)
    return os.sep.join([before, "labels", after]) if found else ""


def _read_labels(path: str, file_name: str, form, report) -> Optional[Sequence[BoxAnnotation]]:
    """Returns the boxes of an image, or None when its text file cannot be read."""
    if not os.path.isfile(path):
        report.add("image_without_annotation", file_name, f"no {os.path.basename(path)}")
        return ()
    try:
        with open(path, encoding="utf-8-sig") as stream:
            lines = stream.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        report.add("unreadable_annotation", file_name, f"{os.path.basename(path)}: {error}")
        return None
    boxes = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        report.boxes_read += 1
        box = _box(line, form.num_keypoint_values)
        if box is None:
            report.add("malformed_box", file_name, f"line {number}: {line[:100]}")
        elif box.category_id not in form.names:
            report.add("unknown_class", file_name, f"line {number}: class {box.category_id}")
        else:
            boxes.append(box)
    return tuple(boxes)


def _box(line: str, num_keypoint_values: int) -> Optional[BoxAnnotation]:
    """Returns the box of a line in parts of the image, or None when the line is of another form."""
    try:
        category, *values = (float(word) for word in line.split())
    except ValueError:
        return None
    if category != int(category if abs(category) < 2**31 else -1) or category < 0:
        return None
    if len(values) == 4 + num_keypoint_values:
        x, y, width, height = values[:4]
        box = (y - height / 2, x - width / 2, y + height / 2, x + width / 2)
        return BoxAnnotation(box, int(category), area=width * height)
    if len(values) >= 6 and len(values) % 2 == 0:
        xs, ys = values[::2], values[1::2]
        if not all(map(math.isfinite, values)):
            # Which corner min and max make of NaN depends on its place.
            return BoxAnnotation((math.nan,) * 4, int(category))
        box = (min(ys), min(xs), max(ys), max(xs))
        return BoxAnnotation(box, int(category), area=_polygon_area(xs, ys))
    return None


def _polygon_area(xs: List[float], ys: List[float]) -> float:
    following = zip(xs[1:] + xs[:1], ys[1:] + ys[:1])
    return (
        abs(sum(x * next_y - next_x * y for x, y, (next_x, next_y) in zip(xs, ys, following))) / 2
    )


def _count_left_over(labels_dir: str, used, report: ProblemReport) -> None:
    """Counts the lines of text files that belong to no image."""
    pattern = os.path.join(glob.escape(labels_dir), "**", "*.txt")
    for path in sorted(glob.glob(pattern, recursive=True)):
        is_label = os.path.basename(path) not in _NOT_LABELS and os.path.isfile(path)
        if not is_label or os.path.abspath(path) in used:
            continue
        try:
            with open(path, encoding="utf-8", errors="replace") as stream:
                lines = [line for line in stream if line.strip()]
        except OSError as error:
            raise UserError(
                f"Cannot read '{path}' among the labels, which belongs to no image: "
                f"{error.strerror}. Make it readable or remove it."
            ) from error
        report.boxes_read += len(lines)
        for line in lines:
            detail = f"{os.path.relpath(path, labels_dir)}: {line.strip()[:100]}"
            report.add("annotation_without_image", "", detail)
