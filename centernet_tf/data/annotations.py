"""The common record type: what every reader of an annotation format returns."""

import dataclasses
from typing import Iterator, Tuple

from centernet_tf.data.problems import ProblemReport


@dataclasses.dataclass(frozen=True)
class Category:
    """A class of objects, by the data set's own id and name.

    Attributes:
      id, name: the data set's own.
      keypoints: names of the keypoints of its objects, in order.
      skeleton: pairs of keypoints that a limb joins, counted from 1 as COCO does.
    """

    id: int
    name: str
    keypoints: Tuple[str, ...] = ()
    skeleton: Tuple[Tuple[int, int], ...] = ()


@dataclasses.dataclass(frozen=True)
class BoxAnnotation:
    """One annotated object.

    Attributes:
      box_px: (ymin, xmin, ymax, xmax), pixels of the original image; edges, so that a box of one
        pixel at the origin is (0, 0, 1, 1).
      category_id: the data set's own category id.
      is_crowd: whether the box covers a group, as COCO's `iscrowd`.
      area: pixels covered by the object, for COCO's size ranges; the box's area when nothing
        better is known.
      difficult: Pascal VOC's flag.
      annotation_id: the data set's own id of the annotation, 0 when it has none.
      keypoints: (y, x, visibility) of each keypoint of the category, in the frame of the box;
        visibility as COCO's: 0 not labelled (then y and x are 0), 1 hidden, 2 visible. Empty when
        there are none.
    """

    box_px: Tuple[float, float, float, float]
    category_id: int
    is_crowd: bool = False
    area: float = 0.0
    difficult: bool = False
    annotation_id: int = 0
    keypoints: Tuple[Tuple[float, float, int], ...] = ()


@dataclasses.dataclass(frozen=True)
class ImageAnnotation:
    """One image and its objects.

    Attributes:
      image_id: the data set's own id, or the position from 1 in formats that have none.
      file_name: as the data set writes it, relative to its image folder.
      path: where the image file is.
      height, width: as recorded in the annotations, in pixels; 0 when they do not say.
      boxes: the objects.
      boxes_are_normalized: whether boxes, areas and keypoints are parts of the height and width
        instead of pixels, as YOLO writes them.
    """

    image_id: int
    file_name: str
    path: str
    height: int
    width: int
    boxes: Tuple[BoxAnnotation, ...]
    boxes_are_normalized: bool = False


@dataclasses.dataclass(frozen=True)
class RecordSplit:
    """One split that is TFRecords already, made by another tool.

    Attributes:
      name: of the split.
      categories: sorted by id.
      shard_paths: its files, in order.
    """

    name: str
    categories: Tuple[Category, ...]
    shard_paths: Tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class AnnotatedSplit:
    """One split as a reader hands it to the conversion.

    Attributes:
      name: of the split, such as `train`.
      categories: sorted by id.
      num_images: how many images the annotations list; some may turn out to be unusable.
      images: yields the images once, in the data set's order, counting in `report` what it leaves
        out.
      report: what was found wrong so far.
    """

    name: str
    categories: Tuple[Category, ...]
    num_images: int
    images: Iterator[ImageAnnotation]
    report: ProblemReport
