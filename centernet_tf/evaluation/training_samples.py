"""Augmented images and their targets, exactly as training sees them, turned back into pictures."""

import os
from typing import List, NamedTuple

import numpy as np
import tensorflow as tf
from PIL import Image

from centernet_tf.data.input_pipeline import train_dataset
from centernet_tf.evaluation.pictures import heatmap_overlay


class TrainingSample(NamedTuple):
    """What training gets of one image, in the frame of the network input.

    Attributes:
      pixels: uint8 [H, W, 3], RGB; values that normalisation or colour jitter put outside 0..255
        are clipped.
      boxes_px: float32 [N, 4], yxyx, pixels of the input; may overhang it.
      classes: int32 [N], contiguous.
    """

    pixels: np.ndarray
    boxes_px: np.ndarray
    classes: np.ndarray

    def visible(self) -> np.ndarray:
        """Returns bool [N], the objects of which a part lies in the input.

        The others reach the encoder too, where the recipe does not drop them, and are left out
        there.
        """
        limit = np.float32(self.pixels.shape[:2])
        return np.all((self.boxes_px[:, :2] < limit) & (self.boxes_px[:, 2:] > 0.0), axis=1)


def training_samples(config, manifest, split: str, count: int) -> List[TrainingSample]:
    """Returns the first images of the first epoch of training on a split.

    Args:
      config: the experiment; its batch size does not matter.
      manifest: `Manifest` of the data set.
      split: name of the split.
      count: of samples.

    Returns:
      `count` samples, or none where so many records are unusable that training would stop.
    """
    images_in_split = manifest.split(split).num_examples
    config = config.replace(
        data={"train_split": split, "cache": False},
        train={
            "global_batch_size": count,
            "repeats_per_epoch": -(-count // images_in_split),
            "epochs": 1,
        },
    )
    # What is left out is for the caller to find, by name.
    batches = train_dataset(config, manifest, lambda *objects: objects, report_path=os.devnull)
    try:
        images, objects = next(iter(batches))
    except (tf.errors.OpError, StopIteration):
        return []
    pixels = displayable(images.numpy(), config.data)
    lists = zip(pixels, *(value.numpy() for value in objects))
    return [
        TrainingSample(image, boxes_px[mask], classes[mask])
        for image, boxes_px, classes, mask in lists
    ]


def displayable(images: np.ndarray, data) -> np.ndarray:
    """Undoes the normalisation of network input.

    Args:
      images: float32 [..., 3] as a `DataConfig` normalises them.
      data: that `DataConfig`.

    Returns:
      uint8 [..., 3], RGB.
    """
    values = images * np.float32(data.std) + np.float32(data.mean)
    if data.channel_order == "bgr":
        values = values[..., ::-1]
    return np.uint8(np.round(np.clip(values, 0.0, 255.0)))


def target_overlays(samples: List[TrainingSample], detector) -> List[Image.Image]:
    """Lays what a detector should draw over the images it should draw it for.

    Args:
      samples: of `training_samples`.
      detector: a `PointDetector`.

    Returns:
      a picture a sample, on it the detector's `object_map` as a perfect network would draw it.
    """
    overlays = []
    for sample in samples:
        # A padding row, as training always has some: no list of objects is empty.
        boxes_px = tf.constant(np.pad(sample.boxes_px, ((0, 1), (0, 0))))
        classes = tf.constant(np.pad(sample.classes, (0, 1)))
        mask = tf.range(len(classes)) < len(sample.classes)
        targets = detector.encode(boxes_px, classes, mask)
        batch = tf.nest.map_structure(lambda value: value[tf.newaxis], targets)
        perfect = detector.targets_to_outputs(detector.complete_targets(batch))
        overlays.append(heatmap_overlay(sample.pixels, detector.object_map(perfect)[0].numpy()))
    return overlays
