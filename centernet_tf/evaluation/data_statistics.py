"""Numbers of a split: how many objects of which class, how large, how many an image."""

import collections
import dataclasses
import math
from typing import Counter, Dict, List, Tuple

import numpy as np

from centernet_tf.evaluation.input_boxes import boxes_at_input, input_transforms

# Sides of the squares that COCO's size groups end at, in pixels of the original image.
COCO_LIMITS = {"small": 32.0, "medium": 96.0, "large": math.inf}


@dataclasses.dataclass
class DataStatistics:
    """What the annotations of a split hold; 'objects' are the boxes that are no crowds.

    Attributes:
      num_images, images_without_boxes: counted over the split.
      num_objects, num_crowds: their sum is the number of boxes.
      objects_by_class, images_by_class, crowds_by_class: int [C] in the order of the categories:
        objects of the class, images that have one or more, crowds.
      objects_by_image: int [num_images].
      sizes_input: float [n], square root of the area of each object with an extent, pixels of the
        network input.
      aspects: float [n], height over width of the same objects.
      scales: float [num_images], input pixels for a pixel of the image.
      image_sizes: how many images have each (height, width).
      size_groups: objects in each of `COCO_LIMITS`, by their annotated area in the original image.
      without_extent: objects with a side of zero or less, or that is no number.
      overhanging: objects that reach out of their image by more than a pixel.
    """

    num_images: int
    images_without_boxes: int
    num_objects: int
    num_crowds: int
    objects_by_class: np.ndarray
    images_by_class: np.ndarray
    crowds_by_class: np.ndarray
    objects_by_image: np.ndarray
    sizes_input: np.ndarray
    aspects: np.ndarray
    scales: np.ndarray
    image_sizes: Counter[Tuple[int, int]]
    size_groups: Dict[str, int]
    without_extent: int
    overhanging: int


def data_statistics(annotations: List, class_ids: List[int], input_size) -> DataStatistics:
    """Counts and measures the annotations of a split.

    Args:
      annotations: `ImageAnnotation`s.
      class_ids: the data set's category id of each class.
      input_size: (height, width) of the network input in pixels, images being fitted into it.
    """
    objects = [[box for box in image.boxes if not box.is_crowd] for image in annotations]
    crowds = [box for image in annotations for box in image.boxes if box.is_crowd]
    everything = [box for boxes in objects for box in boxes]
    transforms = input_transforms(annotations, input_size)
    boxes_px = [boxes_at_input(boxes, each) for boxes, each in zip(objects, transforms)]
    corners = np.concatenate([np.zeros([0, 4]), *boxes_px])
    # Records of other tools may hold infinite corners, whose difference is NaN.
    with np.errstate(invalid="ignore"):
        sides = corners[:, 2:] - corners[:, :2]
    # NaN compares as False.
    solid = np.all(sides > 0, axis=1) & np.all(np.isfinite(sides), axis=1)
    heights, widths = sides[solid].T
    one_an_image = [box for boxes in objects for box in {b.category_id: b for b in boxes}.values()]
    return DataStatistics(
        num_images=len(annotations),
        images_without_boxes=sum(not image.boxes for image in annotations),
        num_objects=len(everything),
        num_crowds=len(crowds),
        objects_by_class=_by_class(everything, class_ids),
        images_by_class=_by_class(one_an_image, class_ids),
        crowds_by_class=_by_class(crowds, class_ids),
        objects_by_image=np.array([len(boxes) for boxes in objects], np.int64),
        sizes_input=np.sqrt(heights * widths),
        aspects=heights / widths,
        scales=transforms[:, 0],
        image_sizes=collections.Counter((image.height, image.width) for image in annotations),
        size_groups=_size_groups(everything),
        without_extent=int(np.sum(~solid)),
        overhanging=sum(map(_overhanging, annotations, objects)),
    )


def _by_class(boxes, class_ids):
    counts = collections.Counter(box.category_id for box in boxes)
    return np.array([counts[class_id] for class_id in class_ids], np.int64)


def _size_groups(boxes):
    counts = dict.fromkeys(COCO_LIMITS, 0)
    for box in boxes:
        # An area that is no number is counted as large.
        group = next((name for name, side in COCO_LIMITS.items() if box.area < side**2), "large")
        counts[group] += 1
    return counts


def _overhanging(image, boxes):
    limit = np.array([image.height, image.width] * 2) + 1.0
    corners = np.reshape([box.box_px for box in boxes], [-1, 4])
    return int(np.any((corners < -1.0) | (corners > limit), axis=1).sum())
