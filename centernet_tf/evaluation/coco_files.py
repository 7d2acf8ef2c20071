"""COCO's two kinds of files, annotations and results, as what `coco_metrics` takes."""

import json
import sys
from typing import Sequence

from centernet_tf.data.coco import crowd_flag, load_document
from centernet_tf.errors import UserError
from centernet_tf.quote import quote


def read_ground_truth(path: str) -> dict:
    """Reads an annotation file as pycocotools would score against it.

    Nothing is clipped or renumbered; an `iscrowd` of null is 0. Annotations of images or categories
    that the file does not list are dropped, as pycocotools passes over them.

    Args:
      path: of the JSON file.

    Returns:
      the dict of `coco_metrics`, without outlines.

    Raises:
      UserError: it is no annotation file, or an entry lacks what a score needs.
    """
    document = load_document(path)
    for group in ("images", "categories"):
        for entry in document[group]:
            named = group == "images" or isinstance(_field(entry, "name"), str)
            if not _whole(_field(entry, "id")) or not named:
                raise UserError(
                    f"'{path}' cannot be scored against: an entry of '{group}' lacks a whole "
                    f"number 'id'{'' if group == 'images' else ' or a name'}: {quote(entry)}."
                )
        ids = [entry["id"] for entry in document[group]]
        if len(set(ids)) < len(ids):
            raise UserError(f"'{path}' cannot be scored against: an id stands twice in '{group}'.")
    images, categories = (
        {entry["id"] for entry in document[group]} for group in ("images", "categories")
    )
    kept = []
    for entry in document["annotations"]:
        if not _is_box(_field(entry, "bbox")) or not _is_number(entry.get("area", 0)):
            raise UserError(
                f"'{path}' cannot be scored against: an annotation needs a 'bbox' of four numbers "
                f"and an 'area' that is one: {quote(entry)}."
            )
        is_crowd = crowd_flag(entry)
        if is_crowd is None:
            raise UserError(
                f"'{path}' cannot be scored against: 'iscrowd' of an annotation must be 0 or 1, "
                f"got {quote(entry['iscrowd'])}: {quote(entry)}."
            )
        if _field(entry, "image_id") in images and _field(entry, "category_id") in categories:
            kept.append({**entry, "iscrowd": int(is_crowd)})
    return {name: document[name] for name in ("images", "categories")} | {"annotations": kept}


def read_detections(path: str) -> list:
    """Reads a results file, as `pipelines.evaluate` and COCO's tools write it.

    Args:
      path: of the JSON file, a list of objects with image_id, category_id, bbox (xywh) and score.

    Raises:
      UserError: it is not of this form.
    """
    try:
        with open(path, encoding="utf-8-sig") as stream:
            rows = json.load(stream)
    except OSError as error:
        raise UserError(f"Cannot read the detections '{path}': {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"The detections '{path}' are not valid JSON: {error}.") from error
    if not isinstance(rows, list):
        raise UserError(
            f"'{path}' holds a JSON {type(rows).__name__} where COCO results are a list of objects "
            "with image_id, category_id, bbox and score."
        )
    for row in rows:
        whole = all(_whole(_field(row, name)) for name in ("image_id", "category_id"))
        if not whole or not _is_box(_field(row, "bbox")) or not _is_number(_field(row, "score")):
            raise UserError(
                f"'{path}' holds no detection of a box: each needs image_id and category_id (whole "
                f"numbers), bbox (four numbers) and score; found {quote(row)}."
            )
    return rows


def check_same_categories(categories: Sequence, ground_truth: dict, path: str) -> None:
    """Checks that an annotation file knows the classes of a model by the same ids and names.

    Args:
      categories: `Category`s of the model.
      ground_truth: of `read_ground_truth`.
      path: of its file, for the message.

    Raises:
      UserError: they differ; the first difference is named.
    """
    ours = {category.id: category.name for category in categories}
    theirs = {entry["id"]: entry["name"] for entry in ground_truth["categories"]}
    for identifier in sorted({*ours, *theirs}):
        one, other = ours.get(identifier), theirs.get(identifier)
        if one != other:
            raise UserError(
                f"The category with id {identifier} is {_named(other)} in '{path}' and "
                f"{_named(one)} in the model; score against annotations of the same classes."
            )


def _named(name):
    return "missing" if name is None else f"'{name}'"


def _field(entry, name):
    return entry.get(name) if isinstance(entry, dict) else None


def _is_number(value):
    # False for NaN and infinity, which JSON files of Python may hold, and for integers beyond.
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


def _whole(value):
    return type(value) is int


def _is_box(value):
    return isinstance(value, list) and len(value) == 4 and all(map(_is_number, value))
