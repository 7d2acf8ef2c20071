"""The pictures of the demonstration: samples, predictions beside ground truth, heat-maps."""

import dataclasses
import itertools
from typing import List

import numpy as np
from PIL import Image

from centernet_tf.data.encoded_image import read_pixels
from centernet_tf.data.input_pipeline import eval_dataset
from centernet_tf.data.record_parser import parse_record
from centernet_tf.data.record_stream import read_shards
from centernet_tf.evaluation.drawing import draw_detections
from centernet_tf.evaluation.pictures import heatmap_overlay, side_by_side

# Small images are enlarged for labels to be read.
_MIN_SIDE = 280


@dataclasses.dataclass(frozen=True)
class ShownImage:
    """An image uint8 [h, w, 3] and its objects: boxes [N, 4] yxyx, contiguous classes [N]."""

    pixels: np.ndarray
    boxes_px: np.ndarray
    classes: np.ndarray


def first_images(manifest, split: str, count: int) -> List[ShownImage]:
    """Returns the first `count` images of a split, as `eval_dataset` orders them."""

    def shown(serialized):
        sample = parse_record(serialized, list(manifest.class_ids))
        return read_pixels(sample.image), sample.boxes_px, sample.classes

    records = read_shards(manifest.split(split).shard_paths).take(count)
    return [ShownImage(*fields) for fields in records.map(shown).as_numpy_iterator()]


def truth_picture(image: ShownImage, class_names) -> Image.Image:
    """Draws the objects of the ground truth."""
    labels = [class_names[index] for index in image.classes]
    return draw_detections(
        image.pixels, image.boxes_px, labels, classes=image.classes, min_side=_MIN_SIDE
    )


def prediction_picture(image: ShownImage, found, class_names, score_threshold: float):
    """Draws the ground truth, and beside it the detections of at least `score_threshold`.

    Args:
      image: the image.
      found: `Detections` without a batch, boxes in its pixels.
      class_names: by contiguous class.
      score_threshold: 0..1.
    """
    boxes_px, scores, classes = (np.asarray(value) for value in found[:3])
    good = np.flatnonzero(scores >= score_threshold)
    labels = [class_names[classes[row]] for row in good]
    drawn = draw_detections(
        image.pixels, boxes_px[good], labels, scores[good], classes[good], min_side=_MIN_SIDE
    )
    return side_by_side(truth_picture(image, class_names), drawn)


def heatmap_pictures(
    network, detector, config, manifest, split: str, count: int
) -> List[Image.Image]:
    """Returns the first images of a split under the heat-map of a network.

    Args:
      network: for inference, of one input size, which the images are fitted into.
      detector: its `PointDetector`, whose `object_map` reads the heat-map.
      config: the experiment.
      manifest: of the data set.
      split: its name.
      count: of the images.
    """
    pictures, config = [], config.replace(evaluation={"resolution": "fixed"})
    images = iter(first_images(manifest, split, count))
    for batch in eval_dataset(config, manifest, split):
        outputs = network(batch["image"], training=False)
        heatmaps = detector.object_map(outputs).numpy()
        transforms = batch["transform"].numpy() * heatmaps.shape[1] / batch["image"].shape[1]
        rows = zip(itertools.islice(images, len(heatmaps)), heatmaps, transforms)
        pictures += [heatmap_overlay(image.pixels, *row) for image, *row in rows]
        if len(pictures) >= count:
            break
    return pictures
