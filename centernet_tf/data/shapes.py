"""The embedded data set: pictures drawn by ourselves, stored as JPEG files with COCO JSON."""

import json
import os
from typing import Iterator, List, Tuple

import numpy as np

from centernet_tf.data.annotations import (
    AnnotatedSplit,
    BoxAnnotation,
    Category,
    ImageAnnotation,
)
from centernet_tf.data.data_set_folder import PICTURES_FOLDER, refuse_strangers, staging_folder
from centernet_tf.data.problems import ProblemReport
from centernet_tf.data.shape_outline import CLASS_NAMES
from centernet_tf.data.shape_scene import draw_scene
from centernet_tf.errors import UserError

# How many pictures are drawn where nobody says otherwise.
NUM_TRAIN, NUM_VAL = 1200, 200
_JPEG_QUALITY = 92


def drawn_splits(
    output_dir: str, num_train: int, num_val: int, image_size: Tuple[int, int], seed: int
) -> List[AnnotatedSplit]:
    """Returns the splits `train` and `val`, whose pictures are drawn as their images are read.

    The same arguments give the same pictures, in `pictures` of the data set. They belong to it: as
    its records do, they appear in `output_dir` when all of it is there.

    Args:
      output_dir: of `new_data_set`, in whose block the images are to be read.
      num_train, num_val: number of pictures.
      image_size: (height, width) in pixels, each from 64 to 2048.
      seed: every random choice follows from it.

    Raises:
      UserError: the image size is out of range; or, as the images are read, `output_dir` holds
        pictures that belong to no data set of ours, or cannot be written.
    """
    if not all(64 <= side <= 2048 for side in image_size):
        raise UserError(f"Pictures of shapes are 64 to 2048 pixels a side; got {image_size}.")
    categories = tuple(Category(number, name) for number, name in enumerate(CLASS_NAMES, start=1))
    splits = []
    for number, (name, count) in enumerate((("train", num_train), ("val", num_val))):
        report = ProblemReport()
        images = _draw_split(output_dir, name, count, image_size, (seed, number), report)
        splits.append(AnnotatedSplit(name, categories, count, images, report))
    return splits


def _draw_split(
    output_dir: str, split: str, count: int, image_size, seeds, report: ProblemReport
) -> Iterator[ImageAnnotation]:
    """Yields each image when its file is written, and at last writes the COCO JSON of all."""
    refuse_strangers(output_dir, [PICTURES_FOLDER])
    pictures = os.path.join(staging_folder(output_dir), PICTURES_FOLDER)
    folder = os.path.join(pictures, split)
    images, num_boxes = [], 0
    try:
        os.makedirs(folder)
        for image_id in range(1, count + 1):
            # Every picture has its own generator, so that it does not depend on how many there are.
            picture, shapes = draw_scene(np.random.default_rng([*seeds, image_id]), *image_size)
            file_name = f"{image_id:06d}.jpg"
            path = os.path.join(folder, file_name)
            picture.save(path, quality=_JPEG_QUALITY)
            boxes = tuple(_box(shape, num_boxes + i) for i, shape in enumerate(shapes, start=1))
            images.append(ImageAnnotation(image_id, file_name, path, *image_size, boxes))
            num_boxes += len(boxes)
            report.images_read += 1
            report.boxes_read += len(boxes)
            yield images[-1]
        with open(os.path.join(pictures, split + ".json"), "w", encoding="utf-8") as stream:
            json.dump(_coco_document(images), stream)
    except OSError as error:
        raise UserError(f"Cannot draw into '{output_dir}': {error.strerror}.") from error


def _box(shape, annotation_id: int) -> BoxAnnotation:
    return BoxAnnotation(
        box_px=tuple(map(float, shape.box_px)),
        category_id=CLASS_NAMES.index(shape.name) + 1,
        area=float(shape.area),
        annotation_id=annotation_id,
    )


def _coco_document(images: List[ImageAnnotation]) -> dict:
    return {
        "images": [
            {"id": i.image_id, "file_name": i.file_name, "height": i.height, "width": i.width}
            for i in images
        ],
        "annotations": [
            _coco_annotation(image.image_id, b) for image in images for b in image.boxes
        ],
        "categories": [{"id": n, "name": name} for n, name in enumerate(CLASS_NAMES, start=1)],
    }


def _coco_annotation(image_id: int, box: BoxAnnotation) -> dict:
    # Whole pixels, as they were drawn.
    ymin, xmin, ymax, xmax = map(int, box.box_px)
    return {
        "id": box.annotation_id,
        "image_id": image_id,
        "category_id": box.category_id,
        "bbox": [xmin, ymin, xmax - xmin, ymax - ymin],
        "area": int(box.area),
        "iscrowd": 0,
    }
