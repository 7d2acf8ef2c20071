"""Objects that a grid of cells cannot hold apart, counted."""

import itertools

import numpy as np

from centernet_tf.evaluation.input_boxes import boxes_at_input, input_transforms


def grid_losses(annotations, input_size, stride: int, max_boxes: int, max_detections=None) -> dict:
    """Counts what a grid loses of a data set; crowds are left out.

    Args:
      annotations: `ImageAnnotation`s.
      input_size: (height, width) of the network input in pixels, images being fitted into it.
      stride: side of a cell in input pixels.
      max_boxes: objects an image that training keeps.
      max_detections: detections an image that the detector gives; None is without a limit.

    Returns:
      dict: 'num_images', 'num_objects', 'same_cell' (objects whose centre lies in the cell of an
      earlier object of the image), 'same_cell_and_class' (with an earlier object of their own
      class), 'thinner_than_a_cell' (a side below the stride, in input pixels), 'beyond_max_boxes',
      'images_beyond_detections' (images with more objects than `max_detections`).
    """
    losses = {"num_images": len(annotations)} | dict.fromkeys(
        ("num_objects", "same_cell", "same_cell_and_class", "thinner_than_a_cell"), 0
    )
    losses["beyond_max_boxes"] = losses["images_beyond_detections"] = 0
    for image, transform in zip(annotations, input_transforms(annotations, input_size)):
        objects = [box for box in image.boxes if not box.is_crowd]
        boxes_px = boxes_at_input(objects, transform)
        losses["num_objects"] += len(objects)
        losses["beyond_max_boxes"] += max(len(objects) - max_boxes, 0)
        losses["images_beyond_detections"] += len(objects) > (max_detections or np.inf)
        # Records of other tools may hold NaN, which lies in no cell.
        finite = np.all(np.isfinite(boxes_px), axis=1)
        boxes_px, objects = boxes_px[finite], list(itertools.compress(objects, finite))
        centers = (boxes_px[:, :2] + boxes_px[:, 2:]) / 2
        cells = [tuple(cell) for cell in (centers // stride).astype(int)]
        class_cells = {(cell, box.category_id) for cell, box in zip(cells, objects)}
        losses["same_cell"] += len(cells) - len(set(cells))
        losses["same_cell_and_class"] += len(cells) - len(class_cells)
        sides = boxes_px[:, 2:] - boxes_px[:, :2]
        losses["thinner_than_a_cell"] += int(np.any(sides < stride, axis=1).sum())
    return {name: int(count) for name, count in losses.items()}
