"""Images of a split with their boxes, as the records hold them."""

from typing import List, NamedTuple

import numpy as np
import tensorflow as tf
from PIL import Image

from centernet_tf.data.encoded_image import read_pixels
from centernet_tf.data.record_parser import parse_record
from centernet_tf.data.record_stream import read_shards
from centernet_tf.evaluation.drawing import draw_detections

# Pictures are shown about 520 px wide; more would make the page heavy.
_MAX_SIDE, _MIN_SIDE = 720, 280
# Labels of more objects than that cover each other and the image; colours tell the classes then.
_MAX_LABELS = 25


class CaptionedPicture(NamedTuple):
    """An RGB picture and the plain text below it."""

    picture: Image.Image
    caption: str


def chosen_images(annotations: List, count: int) -> List[int]:
    """Returns the places of images spread over the split, the one with most boxes among them.

    Args:
      annotations: `ImageAnnotation`s.
      count: of the places, fewer where there are fewer images.
    """
    total = len(annotations)
    places = [index * total // count for index in range(count)] if total > count else range(total)
    crowded = max(range(total), key=lambda index: len(annotations[index].boxes))
    if crowded not in places:
        nearest = min(places, key=lambda index: abs(index - crowded))
        places = [crowded if index == nearest else index for index in places]
    return list(places)


def annotated_pictures(manifest, split: str, annotations: List, count: int):
    """Returns a `CaptionedPicture` for each of the `chosen_images`.

    Args:
      manifest: `Manifest` of the data set.
      split: name of the split.
      annotations: of `read_annotations`, which has the order of the records.
      count: of pictures.
    """
    places = chosen_images(annotations, count)
    wanted = tf.constant(places, tf.int64)
    records = read_shards(manifest.split(split).shard_paths).enumerate().take(max(places) + 1)
    records = records.filter(lambda index, _: tf.reduce_any(index == wanted))
    return [
        _picture(serialized, annotations[index], manifest)
        for index, serialized in records.as_numpy_iterator()
    ]


def box_picture(pixels, boxes_px, classes, class_names, crowd=None, labels=None) -> Image.Image:
    """Draws boxes in the colours of their classes, on a picture of a size fit for a page.

    Args:
      pixels: uint8 [h, w, 3], RGB.
      boxes_px: [N, 4], yxyx, pixels of the image.
      classes: int [N], contiguous.
      class_names: of every class.
      crowd: bool [N], boxes that cover a group; None has none.
      labels: texts of the boxes, '' for none; None writes the names where there is room for them.
    """
    crowd = np.zeros(len(classes), bool) if crowd is None else crowd
    if labels is None:
        marks = [" (crowd)" if group else "" for group in crowd]
        labels = [class_names[index] + mark for index, mark in zip(classes, marks)]
        if len(labels) > _MAX_LABELS:
            labels = [label if group else "" for label, group in zip(labels, crowd)]
    picture = Image.fromarray(pixels)
    scale = min(1.0, _MAX_SIDE / max(picture.size))
    if scale < 1.0:
        size = [max(1, round(side * scale)) for side in picture.size]
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    boxes_px = np.reshape(np.asarray(boxes_px, np.float64), [-1, 4]) * scale
    return draw_detections(picture, boxes_px, labels, classes=classes, min_side=_MIN_SIDE)


def _picture(serialized, image, manifest):
    try:
        sample = parse_record(serialized, manifest.class_ids)
        pixels = read_pixels(sample.image).numpy()
    except tf.errors.InvalidArgumentError:
        blank = Image.new("RGB", (image.width, image.height), (128, 128, 128))
        blank.thumbnail((_MAX_SIDE, _MAX_SIDE))
        return CaptionedPicture(blank, f"{image.file_name}: cannot be decoded")
    class_of = {class_id: index for index, class_id in enumerate(manifest.class_ids)}
    picture = box_picture(
        pixels,
        [box.box_px for box in image.boxes],
        [class_of[box.category_id] for box in image.boxes],
        manifest.class_names,
        [box.is_crowd for box in image.boxes],
    )
    size = f"{image.width}x{image.height} px"
    return CaptionedPicture(picture, f"{image.file_name}, {size}, boxes: {len(image.boxes)}")
