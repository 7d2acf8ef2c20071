"""The annotations of a split as a COCO data set."""

from typing import Sequence


def coco_ground_truth(annotations: Sequence, categories: Sequence) -> dict:
    """Turns annotations into the dict of a COCO annotation file.

    Objects marked difficult count like others: the COCO metrics know no such mark. Crowds are kept
    as crowds, to be matched any number of times and never missed.

    Args:
      annotations: `ImageAnnotation`s, boxes yxyx in original-image pixels.
      categories: `Category`s of the data set.

    Returns:
      dict with 'images', 'annotations' (xywh, ids from 1) and 'categories'.
    """
    rows = [_object(image.image_id, box) for image in annotations for box in image.boxes]
    return {
        "images": [_image(image) for image in annotations],
        "annotations": [dict(row, id=i) for i, row in enumerate(rows, start=1)],
        "categories": [{"id": category.id, "name": category.name} for category in categories],
    }


def _image(image) -> dict:
    return {
        "id": image.image_id,
        "file_name": image.file_name,
        "height": image.height,
        "width": image.width,
    }


def _object(image_id: int, box) -> dict:
    ymin, xmin, ymax, xmax = (float(side) for side in box.box_px)
    return {
        "image_id": image_id,
        "category_id": box.category_id,
        "bbox": [xmin, ymin, xmax - xmin, ymax - ymin],
        "area": float(box.area),
        "iscrowd": int(box.is_crowd),
    }
