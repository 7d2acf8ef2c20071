"""Reader of COCO detection JSON: `images`, `annotations` and `categories`."""

import dataclasses
import json
import math
import os
from typing import Dict, Iterator, List, Optional, Tuple

from centernet_tf.data.annotations import (
    AnnotatedSplit,
    BoxAnnotation,
    Category,
    ImageAnnotation,
)
from centernet_tf.data.is_name import is_name
from centernet_tf.data.problems import ProblemReport
from centernet_tf.data.safe_path import path_fault, path_inside
from centernet_tf.errors import UserError
from centernet_tf.quote import quote

# What `record_parser` reads exactly.
_LARGEST_ID = 9 * 10**18 - 1
_LARGEST_AREA = 1e12


def read_coco(name: str, images_dir: str, annotations_path: str) -> AnnotatedSplit:
    """Opens one COCO JSON file as the split `name`.

    Args:
      name: of the split.
      images_dir: folder that the `file_name` of every image is relative to.
      annotations_path: the JSON file.

    Raises:
      UserError: a path is missing, the file is no JSON or not of COCO's structure, or lists no
        image.
    """
    if not os.path.isdir(images_dir):
        raise UserError(f"The image folder '{images_dir}' of split '{name}' does not exist.")
    document = load_document(annotations_path)
    categories = _categories(document["categories"], annotations_path)
    if not document["images"]:
        raise UserError(f"{annotations_path} lists no images, so split '{name}' would be empty.")
    report = ProblemReport()
    return AnnotatedSplit(
        name=name,
        categories=categories,
        num_images=len(document["images"]),
        images=_images(document, images_dir, categories, report),
        report=report,
    )


def load_document(path: str) -> dict:
    """Reads an annotation file, without the outlines of its objects.

    Raises:
      UserError: it is missing, no JSON, or not of COCO's structure.
    """
    try:
        with open(path, encoding="utf-8-sig") as stream:
            document = json.load(stream, object_hook=_without_outline)
    except OSError as error:
        raise UserError(f"Cannot read the annotation file '{path}': {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"The annotation file '{path}' is not valid JSON: {error}.") from error
    if not isinstance(document, dict):
        raise UserError(
            f"'{path}' holds a JSON {type(document).__name__} where COCO annotations are an "
            "object with 'images', 'annotations' and 'categories'."
        )
    for key in ("images", "annotations", "categories"):
        if not isinstance(document.get(key), list):
            found = type(document[key]).__name__ if key in document else "nothing"
            raise UserError(
                f"'{path}' is not a COCO annotation file: '{key}' must be a list, found {found}."
            )
    return document


def _without_outline(entry: dict) -> dict:
    """Drops the field that takes most of the memory of COCO's files while they are read."""
    entry.pop("segmentation", None)
    return entry


def _categories(entries: list, path: str) -> Tuple[Category, ...]:
    categories = {}
    for entry in entries:
        identifier = _integer(entry.get("id")) if isinstance(entry, dict) else None
        label = entry.get("name") if isinstance(entry, dict) else None
        if identifier is None or identifier < 0 or not is_name(label):
            raise UserError(
                f"A category in '{path}' needs an 'id' (a whole number from 0) and a 'name' of "
                "one line; "
                f"found {quote(entry)}."
            )
        if identifier in categories:
            raise UserError(f"Category id {identifier} stands twice in '{path}'; ids must differ.")
        categories[identifier] = Category(identifier, label, *_keypoint_names(entry))
    if not categories:
        raise UserError(f"'{path}' lists no categories, so there is nothing to detect.")
    return tuple(categories[identifier] for identifier in sorted(categories))


def _keypoint_names(entry: dict):
    """Returns the names of a category's keypoints and the limbs between them, where it has any."""
    names, limbs = entry.get("keypoints"), entry.get("skeleton")
    if not isinstance(names, list) or not all(map(is_name, names)):
        return (), ()
    pairs = limbs if isinstance(limbs, list) else []
    joined = [
        tuple(pair)
        for pair in pairs
        if isinstance(pair, list)
        and len(pair) == 2
        and all(type(end) is int and 1 <= end <= len(names) for end in pair)
    ]
    return tuple(names), tuple(joined)


def _images(document, images_dir, categories, report) -> Iterator[ImageAnnotation]:
    boxes_of = _group_by_image(document, report)
    num_keypoints = {category.id: len(category.keypoints) for category in categories}
    seen, left_out, id_of = set(), {}, {}
    for entry in document["images"]:
        report.images_read += 1
        image_id = _integer(entry.get("id")) if isinstance(entry, dict) else None
        file_name = entry.get("file_name") if isinstance(entry, dict) else None
        if image_id is None or not isinstance(file_name, str):
            name = file_name if is_name(file_name) else quote(file_name)
            report.add("malformed_image_entry", name, quote(entry))
            left_out[image_id] = name, "malformed_image_entry"
            continue
        path = path_inside(images_dir, file_name)
        if path is None:
            reason, detail = path_fault(file_name)
            report.add(reason, file_name, detail)
            left_out[image_id] = file_name, reason
        elif image_id in seen:
            report.add("duplicate_image", file_name, f"id {image_id}")
        elif (other := id_of.setdefault(os.path.normpath(path), image_id)) != image_id:
            report.add("duplicate_image", file_name, f"id {image_id}, the name of id {other}")
            left_out[image_id] = file_name, "duplicate_image"
        else:
            seen.add(image_id)
            raw_boxes = boxes_of.pop(image_id, ())
            yield ImageAnnotation(
                image_id=image_id,
                file_name=file_name,
                path=path,
                height=_integer(entry.get("height")) or 0,
                width=_integer(entry.get("width")) or 0,
                boxes=_boxes(raw_boxes, file_name, num_keypoints, report),
            )
    for image_id, raw_boxes in boxes_of.items():
        report.boxes_read += len(raw_boxes)
        report.lose_boxes(len(raw_boxes), *left_out[image_id])


def _group_by_image(document: dict, report: ProblemReport) -> Dict[int, List[dict]]:
    """Returns the annotation entries of each listed image; the others are counted."""
    listed = {_integer(entry.get("id")) for entry in document["images"] if isinstance(entry, dict)}
    boxes_of: Dict[int, List[dict]] = {}
    for entry in document["annotations"]:
        image_id = _integer(entry.get("image_id")) if isinstance(entry, dict) else None
        if image_id is None:
            report.boxes_read += 1
            report.add("malformed_box", "", quote(entry))
        elif image_id not in listed:
            report.boxes_read += 1
            report.add("annotation_without_image", "", quote(entry))
        else:
            boxes_of.setdefault(image_id, []).append(entry)
    return boxes_of


def _boxes(entries, file_name, num_keypoints, report) -> Tuple[BoxAnnotation, ...]:
    boxes = []
    for entry in entries:
        report.boxes_read += 1
        box = _box(entry)
        if box is None:
            report.add("malformed_box", file_name, quote(entry))
        elif box.category_id not in num_keypoints:
            report.add("unknown_class", file_name, f"category_id {box.category_id}")
        else:
            keypoints = _keypoints(entry, num_keypoints[box.category_id])
            if keypoints is None:
                report.add("malformed_keypoints", file_name, quote(entry["keypoints"]))
            boxes.append(dataclasses.replace(box, keypoints=keypoints or ()))
    return tuple(boxes)


def _box(entry: dict) -> Optional[BoxAnnotation]:
    """Turns one COCO annotation into ours, or None when a field is of the wrong kind."""
    bbox, category_id = entry.get("bbox"), _integer(entry.get("category_id"))
    is_crowd = crowd_flag(entry)
    well_formed = isinstance(bbox, list) and len(bbox) == 4 and all(map(_is_number, bbox))
    if not well_formed or category_id is None or is_crowd is None:
        return None
    left, top, width, height = (float(value) for value in bbox)
    area = entry.get("area")
    has_area = _is_number(area) and 0 <= area < _LARGEST_AREA
    return BoxAnnotation(
        box_px=(top, left, top + height, left + width),
        category_id=category_id,
        is_crowd=is_crowd,
        area=float(area) if has_area else width * height,
        annotation_id=_integer(entry.get("id")) or 0,
    )


def crowd_flag(entry: dict) -> Optional[bool]:
    """Returns an annotation's `iscrowd`, False where it is missing or null, None where it is wrong.

    JSON's true and false count as 1 and 0.
    """
    value = entry.get("iscrowd")
    if value is None:
        return False
    return bool(value) if value in (0, 1) else None


def _keypoints(entry: dict, count: int) -> Optional[tuple]:
    """Returns (y, x, visibility) of each keypoint, () without any, None where they are wrong."""
    values = entry.get("keypoints")
    if not values or not count:
        return ()
    if not isinstance(values, list) or len(values) != 3 * count or not all(map(_is_number, values)):
        return None
    triples = list(zip(values[1::3], values[::3], values[2::3]))
    if not all(
        math.isfinite(y) and math.isfinite(x) and seen in (0, 1, 2) for y, x, seen in triples
    ):
        return None
    return tuple(
        (float(y), float(x), int(seen)) if seen else (0.0, 0.0, 0) for y, x, seen in triples
    )


def _is_number(value) -> bool:
    """Says whether `value` is a JSON number that a float can hold."""
    return type(value) in (int, float) and (type(value) is float or abs(value) < 2**63)


def _integer(value) -> Optional[int]:
    """Returns a JSON number that is whole, such as 7 or 7.0, as int64; None for anything else."""
    whole = type(value) is int or (type(value) is float and value.is_integer())
    return int(value) if whole and abs(value) <= _LARGEST_ID else None
