"""What decode(encode(ground truth)) scores: the AP that no network on this grid can pass."""

import numpy as np
import tensorflow as tf

from centernet_tf.data.object_list import pad_objects
from centernet_tf.detectors import make_detector
from centernet_tf.evaluation.coco_metrics import coco_metrics
from centernet_tf.evaluation.detect import coco_results
from centernet_tf.evaluation.ground_truth import coco_ground_truth
from centernet_tf.ops.geometry import (
    inverse_transform_boxes,
    letterbox_transform,
    transform_boxes,
)


def ap_ceiling(config, categories, annotations, progress=None) -> dict:
    """Encodes and decodes objects as the detector of `config` would at its best.

    What is lost on the way: objects that share a cell, objects beyond `data.max_boxes` or the
    detector's number of detections, and boxes the encoder drops or clips. Crowds are left out.

    Args:
      config: the experiment; its detector must have `targets_to_outputs(targets)`, which turns
        batched targets into the maps a perfect network would draw.
      categories: `Category`s of the data set.
      annotations: `ImageAnnotation`s, at least one.
      progress: called once for every image done.

    Returns:
      dict of `coco_metrics`.
    """
    detector = make_detector(config, len(categories))
    perfect = perfect_detections(detector, config.data.max_boxes)
    class_ids = [category.id for category in categories]
    class_of = {category_id: index for index, category_id in enumerate(class_ids)}
    detections = []
    for image in annotations:
        objects = [box for box in image.boxes if not box.is_crowd]
        found = perfect(
            tf.constant([image.height, image.width], tf.int32),
            tf.constant([box.box_px for box in objects], tf.float32, [len(objects), 4]),
            tf.constant([class_of[box.category_id] for box in objects], tf.int32, [len(objects)]),
        )
        detections += coco_results(found, [image.image_id], np.array([True]), class_ids)
        if progress:
            progress()
    return coco_metrics(coco_ground_truth(annotations, categories), detections)


def perfect_detections(detector, max_boxes: int):
    """Returns a function that encodes and decodes the objects of one image.

    Args:
      detector: a `PointDetector` with `targets_to_outputs`.
      max_boxes: the largest objects are kept, as in training.

    Returns:
      f(image_size int32 [2], boxes_px float32 [N, 4], classes int32 [N]) -> `Detections` of a batch
      of one, in pixels of the original image, as are the boxes given.
    """

    @tf.function(
        input_signature=[
            tf.TensorSpec([2], tf.int32),
            tf.TensorSpec([None, 4], tf.float32),
            tf.TensorSpec([None], tf.int32),
        ]
    )
    def perfect(image_size, boxes_px, classes):
        transform = letterbox_transform(image_size, detector.input_size)
        boxes_px = transform_boxes(boxes_px, transform)
        keep = tf.ones_like(classes, tf.bool)
        targets = detector.encode(*pad_objects(boxes_px, classes, keep, max_boxes))
        targets = tf.nest.map_structure(lambda value: value[tf.newaxis], targets)
        targets = detector.complete_targets(targets)
        found = detector.decode(detector.targets_to_outputs(targets))
        return found._replace(boxes=inverse_transform_boxes(found.boxes, transform[tf.newaxis]))

    # Made for every setting that is tried: of a concrete function TensorFlow does not warn that it
    # was traced before.
    return perfect.get_concrete_function()


# What a row of the table is called, and the metrics that it shows.
SIZE_ROWS = (
    ("all", "AP", "AR100"),
    ("small", "APs", "ARs"),
    ("medium", "APm", "ARm"),
    ("large", "APl", "ARl"),
)


def grid_rows(grid: dict, stride: int) -> list:
    """Returns (count, what it counts) of `grid_losses` at that stride."""
    texts = {
        "num_images": "images",
        "num_objects": "objects (without crowds)",
        "same_cell": f"centres in the {stride}x{stride} px cell of an earlier object",
        "same_cell_and_class": "of these, of the same class",
        "thinner_than_a_cell": f"boxes thinner than {stride} px at the input size",
        "beyond_max_boxes": "objects beyond data.max_boxes",
        "images_beyond_detections": "images with more objects than the detector gives detections",
    }
    return [(grid[name], text) for name, text in texts.items()]


def ceiling_table(metrics: dict, grid: dict, stride: int) -> str:
    """Returns `ap_ceiling` and `grid_losses` as lines for the terminal; '-' where undefined."""
    lines = [f"{'objects':<8}{'AP':>8}{'AR':>8}   of decode(encode(ground truth))"]
    for label, ap, ar in SIZE_ROWS:
        lines.append(f"{label:<8}{format_ceiling(metrics[ap]):>8}{format_ceiling(metrics[ar]):>8}")
    rows = [f"{count:>8}  {text}" for count, text in grid_rows(grid, stride)]
    return "\n".join([*lines, "", *rows])


def format_ceiling(value: float) -> str:
    """Returns a metric with four decimals, or '-' where it is undefined."""
    return "-" if value < 0 else f"{value:.4f}"
