"""The images of a report, drawn with what is there and what was found."""

from typing import Dict, List, Sequence

import numpy as np
import tensorflow as tf
from PIL import Image

from centernet_tf.data.encoded_image import read_pixels
from centernet_tf.data.record_parser import parse_record
from centernet_tf.data.record_stream import read_shards
from centernet_tf.evaluation.data_pictures import CaptionedPicture, box_picture
from centernet_tf.evaluation.matching import NOTHING
from centernet_tf.evaluation.pictures import side_by_side


def read_images(manifest, split: str, image_ids: Sequence[int]) -> Dict[int, np.ndarray]:
    """Returns uint8 [h, w, 3], RGB, of some images of a split by id; no other image is decoded.

    Args:
      manifest: `Manifest` of the data set.
      split: its name.
      image_ids: those wanted; ids that the records have not are left out.
    """
    wanted = tf.constant(sorted({int(image_id) for image_id in image_ids}), tf.int64)

    def is_wanted(serialized):
        image_id = parse_record(serialized, manifest.class_ids).image_id
        return tf.reduce_any(wanted == image_id)

    def decode(serialized):
        sample = parse_record(serialized, manifest.class_ids)
        return sample.image_id, read_pixels(sample.image)

    records = read_shards(manifest.split(split).shard_paths).filter(is_wanted).map(decode)
    return {int(image_id): pixels for image_id, pixels in records.as_numpy_iterator()}


def scene_picture(scene, matches, pixels, class_names, threshold: float) -> Image.Image:
    """Draws the objects of an image, and beside them its detections; only errors are written out.

    Args:
      scene: a `Scene`.
      matches: of `match(scene)`.
      pixels: uint8 [h, w, 3] of its image.
      class_names: by position in the ground truth's categories.
      threshold: least score.
    """
    shown = scene.found_scores >= threshold
    missed = ~scene.truth_crowd
    missed[matches[shown & (matches >= 0)]] = False
    labels = [
        "crowd" if crowd else f"{class_names[index]} missed" if lost else ""
        for index, crowd, lost in zip(scene.truth_classes, scene.truth_crowd, missed)
    ]
    truth = box_picture(pixels, scene.truth_boxes, scene.truth_classes, class_names, labels=labels)
    found = found_picture(scene, matches, pixels, class_names, threshold)
    return side_by_side(truth, found, ("ground truth", f"found (score {threshold:.2f} or more)"))


def found_picture(scene, matches, pixels, class_names, threshold: float) -> Image.Image:
    """Draws the detections of an image; only those of nothing are written out, with their scores.

    Arguments as of `scene_picture`.
    """
    # The best ones come last, and so on top.
    rows = np.flatnonzero(scene.found_scores >= threshold)[::-1]
    labels = [
        f"{class_names[scene.found_classes[row]]} {scene.found_scores[row]:.2f}"
        if matches[row] == NOTHING
        else ""
        for row in rows
    ]
    return box_picture(
        pixels, scene.found_boxes[rows], scene.found_classes[rows], class_names, labels=labels
    )


def error_pictures(diagnosis, places, pixels, class_names) -> List[CaptionedPicture]:
    """Returns some images of a diagnosis, with their errors in words.

    Args:
      diagnosis: a `Diagnosis`.
      places: of the images in it.
      pixels: of `read_images`; images it has not are left out.
      class_names: by position in the ground truth's categories.
    """
    pictures = []
    for place in places:
        scene, errors = diagnosis.scenes[place], diagnosis.images[place]
        if scene.image_id in pixels:
            picture = scene_picture(
                scene,
                diagnosis.matches[place],
                pixels[scene.image_id],
                class_names,
                diagnosis.point.threshold,
            )
            caption = (
                f"{scene.file_name}: {errors.right} right, {errors.missed} missed, "
                f"{errors.hallucinated} hallucinated"
            )
            pictures.append(CaptionedPicture(picture, caption))
    return pictures
