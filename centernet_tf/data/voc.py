"""Reader of Pascal VOC folders: `Annotations/*.xml`, `JPEGImages/*`, `ImageSets/Main/SPLIT.txt`.

VOC counts pixels from 1 and includes the last: a box over the whole of a 640 pixel wide image is
1..640. As edges that is xmin - 1 to xmax, here 0 to 640. Files whose coordinates start at 0 lose
nothing: the edge -1 is clipped to 0 and counted as `clipped`. A box whose corners are equal is a
click without a drag and is left out as `zero_area`, although the convention would read it as one
pixel.
"""

import os
import xml.etree.ElementTree as ElementTree
from typing import List, Optional, Sequence
from xml.parsers.expat import ExpatError

from centernet_tf.data.annotations import (
    AnnotatedSplit,
    BoxAnnotation,
    Category,
    ImageAnnotation,
)
from centernet_tf.data.class_names import names_by_id
from centernet_tf.data.is_name import is_name
from centernet_tf.data.problems import ProblemReport
from centernet_tf.data.report_table import where_found
from centernet_tf.data.safe_path import path_fault, path_inside, separator_hint
from centernet_tf.data.safe_xml import parse_xml
from centernet_tf.data.voc_images import VocImages
from centernet_tf.data.voc_lists import list_path, read_list
from centernet_tf.errors import UserError

# What opening and parsing an annotation raises.
_UNREADABLE = (ElementTree.ParseError, ExpatError, OSError, ValueError, LookupError)


def read_voc(
    voc_roots: Sequence[str], splits: Sequence[str], labels_file: str = ""
) -> List[AnnotatedSplit]:
    """Reads splits of VOC folders; they share one category list.

    Args:
      voc_roots: folders that hold Annotations, JPEGImages and ImageSets/Main.
      splits: names of lists in ImageSets/Main, without `.txt`; a split is the images of that list
        in every folder that has it, as `trainval` of 2007 and 2012 together. Where folders use the
        same name, the later image's file name begins with its folder.
      labels_file: names the classes by id, see `names_by_id`; by default they are all names found,
        sorted and numbered from 1.

    Returns:
      One split a name; image ids are the positions from 1 in its sorted lists.

    Raises:
      UserError: a folder, list or labels file is missing or empty.
    """
    for voc_root in voc_roots:
        for folder in ("Annotations", "JPEGImages"):
            if not os.path.isdir(os.path.join(voc_root, folder)):
                raise UserError(f"'{voc_root}' is not a Pascal VOC folder: it holds no '{folder}'.")
    parsed = []
    for split in splits:
        report = ProblemReport()
        parsed.append((split, _read_split(voc_roots, split, report), report))
    found = {box.name for _, images, _ in parsed for image in images for box in image.boxes}
    names = names_by_id(labels_file) if labels_file else dict(enumerate(sorted(found), start=1))
    if not names:
        raise UserError(
            f"'{', '.join(voc_roots)}' holds no objects in the splits {', '.join(splits)}."
            + "".join(_why_nothing(split, report) for split, _, report in parsed)
        )
    ids = {name: identifier for identifier, name in names.items()}
    categories = tuple(Category(identifier, names[identifier]) for identifier in sorted(names))
    return [
        AnnotatedSplit(
            name=split,
            categories=categories,
            num_images=report.images_read,
            images=_numbered(images, ids, report),
            report=report,
        )
        for split, images, report in parsed
    ]


def _why_nothing(split: str, report: ProblemReport) -> str:
    reasons = report.reasons()
    counts = ", ".join(f"{reason} {report.count(reason)}" for reason in reasons)
    return f" Split '{split}' has {counts}. {where_found(report, reasons)}" if reasons else ""


def _numbered(images, ids, report):
    # A function, so that each split counts into its own report whenever it is read.
    return (_with_ids(image, ids, report) for image in images)


class _NamedBox:
    """A box before its class name has become an id."""

    def __init__(self, name: str, box_px, difficult: bool):
        self.name, self.box_px, self.difficult = name, box_px, difficult


def _read_split(voc_roots, split: str, report: ProblemReport) -> List[ImageAnnotation]:
    """Returns the images of a split with boxes as `_NamedBox`."""
    having = [root for root in voc_roots if list_path(root, split)] or voc_roots[:1]
    images_of = {root: VocImages(root) for root in having}
    lines = [(root, line) for root in having for line in read_list(root, split)]
    images = []
    seen, taken = set(), set()
    for image_id, (voc_root, line) in enumerate(lines, start=1):
        report.images_read += 1
        name = _strip_flag(images_of[voc_root], line)
        image_path = images_of[voc_root].find(name)
        key = os.path.realpath(voc_root), os.path.normpath(name)
        if path_inside(voc_root, name) is None:
            reason, detail = path_fault(name)
            report.add(reason, name, detail)
        elif key in seen:
            report.add("duplicate_image", name)
        elif image_path is None:
            has_extension = images_of[voc_root].find(os.path.splitext(name)[0])
            hint = "lists name images without their extension" if has_extension else ""
            report.add("missing_image", name, hint or separator_hint(name))
            _lose_boxes(voc_root, name, report)
        else:
            seen.add(key)
            file_name = os.path.relpath(image_path, images_of[voc_root].folder)
            if file_name in taken:
                file_name = os.path.join(_below_all(voc_root, voc_roots), file_name)
            taken.add(file_name)
            image = _read_image(voc_root, name, image_id, file_name, image_path, report)
            images += [image] if image else []
    return images


def _below_all(voc_root: str, voc_roots: Sequence[str]) -> str:
    """Returns a folder's path below what is common to the paths of all."""
    common = os.path.commonpath([os.path.realpath(root) for root in voc_roots])
    return os.path.relpath(os.path.realpath(voc_root), common)


def _strip_flag(images: VocImages, line: str) -> str:
    """Returns the image name of a line; VOC's lists of one class add ' -1', ' 0' or ' 1'."""
    name, _, flag = line.rpartition(" ")
    if not name or flag not in ("-1", "0", "1") or images.find(line):
        return line
    return name.strip()


def _read_image(
    voc_root, name, image_id, file_name, image_path, report
) -> Optional[ImageAnnotation]:
    annotation_path = os.path.join(voc_root, "Annotations", name + ".xml")
    height, width, boxes = 0, 0, ()
    if not os.path.isfile(annotation_path):
        report.add("image_without_annotation", file_name, f"no Annotations/{name}.xml")
    else:
        try:
            root = _read_annotation(annotation_path)
        except _UNREADABLE as error:
            report.add("unreadable_annotation", file_name, f"Annotations/{name}.xml: {error}")
            return None
        height, width = (_size(root, side) for side in ("height", "width"))
        boxes = tuple(_boxes(root, file_name, report))
    return ImageAnnotation(image_id, file_name, image_path, height, width, boxes)


def _lose_boxes(voc_root: str, name: str, report: ProblemReport) -> None:
    """Counts the objects of an image that is missing."""
    path = os.path.join(voc_root, "Annotations", name + ".xml")
    try:
        count = len(_read_annotation(path).findall("object")) if os.path.isfile(path) else 0
    except _UNREADABLE:
        count = 0
    report.boxes_read += count
    report.lose_boxes(count, name, "missing_image")


def _read_annotation(path: str) -> ElementTree.Element:
    with open(path, "rb") as stream:
        root = parse_xml(stream.read())
    if root.tag.lower() != "annotation":
        raise ValueError(f"its root is <{root.tag[:50]}> instead of <annotation>")
    return root


def _size(root, side: str) -> int:
    text = root.findtext(f"size/{side}", "0").strip()
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _boxes(root, file_name: str, report: ProblemReport):
    """Yields the objects of an image, without the parts that VOC nests inside some of them."""
    for entry in root.findall("object"):
        report.boxes_read += 1
        name = (entry.findtext("name") or "").strip()
        corners = [
            _number(entry.findtext(f"bndbox/{key}")) for key in ("ymin", "xmin", "ymax", "xmax")
        ]
        if not is_name(name) or None in corners:
            report.add("malformed_box", file_name, f"object {name!r} with corners {corners}")
            continue
        ymin, xmin, ymax, xmax = corners
        detail = f"{name} xmin {xmin:g} ymin {ymin:g} xmax {xmax:g} ymax {ymax:g}"
        if xmax < xmin or ymax < ymin:
            report.add("swapped_corners", file_name, detail)
        elif xmax == xmin or ymax == ymin:
            report.add("zero_area", file_name, detail)
        else:
            difficult = (entry.findtext("difficult") or "").strip() == "1"
            yield _NamedBox(name, (ymin - 1.0, xmin - 1.0, ymax, xmax), difficult)


def _number(text: Optional[str]) -> Optional[float]:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def _with_ids(image: ImageAnnotation, ids: dict, report: ProblemReport) -> ImageAnnotation:
    boxes = []
    for box in image.boxes:
        if box.name not in ids:
            report.add("unknown_class", image.file_name, box.name)
            continue
        ymin, xmin, ymax, xmax = box.box_px
        area = (ymax - ymin) * (xmax - xmin)
        boxes.append(BoxAnnotation(box.box_px, ids[box.name], area=area, difficult=box.difficult))
    return ImageAnnotation(
        image.image_id, image.file_name, image.path, image.height, image.width, tuple(boxes)
    )
