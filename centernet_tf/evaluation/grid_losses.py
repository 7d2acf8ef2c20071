"""Objects that a grid of cells cannot hold apart, counted."""

import numpy as np
import tensorflow as tf

from centernet_tf.ops.geometry import letterbox_transform, transform_boxes


def grid_losses(annotations, input_size, stride: int, max_boxes: int) -> dict:
    """Counts what a grid loses of a data set; crowds are left out.

    Args:
      annotations: `ImageAnnotation`s.
      input_size: (height, width) of the network input in pixels, images being fitted into it.
      stride: side of a cell in input pixels.
      max_boxes: objects an image that training keeps.

    Returns:
      dict: 'num_images', 'num_objects', 'same_cell' (objects whose centre lies in the cell of an
      earlier object of the image), 'same_cell_and_class' (with an earlier object of their own
      class), 'thinner_than_a_cell' (a side below the stride, in input pixels), 'beyond_max_boxes'.
    """
    losses = dict.fromkeys(
        ("num_objects", "same_cell", "same_cell_and_class", "thinner_than_a_cell"), 0
    )
    beyond = 0
    for image in annotations:
        objects = [box for box in image.boxes if not box.is_crowd]
        boxes_px = _input_boxes(image, objects, input_size)
        centers = (boxes_px[:, :2] + boxes_px[:, 2:]) / 2
        cells = [tuple(cell) for cell in (centers // stride).astype(int)]
        class_cells = {(cell, box.category_id) for cell, box in zip(cells, objects)}
        losses["num_objects"] += len(objects)
        losses["same_cell"] += len(cells) - len(set(cells))
        losses["same_cell_and_class"] += len(cells) - len(class_cells)
        sides = boxes_px[:, 2:] - boxes_px[:, :2]
        losses["thinner_than_a_cell"] += int(np.any(sides < stride, axis=1).sum())
        beyond += max(len(objects) - max_boxes, 0)
    return {"num_images": len(annotations), **losses, "beyond_max_boxes": beyond}


def _input_boxes(image, objects, input_size):
    """Boxes float32 [N, 4] yxyx in pixels of the network input."""
    boxes_px = np.reshape(np.float32([box.box_px for box in objects]), [-1, 4])
    size = tf.constant([image.height, image.width], tf.int32)
    return transform_boxes(boxes_px, letterbox_transform(size, input_size)).numpy()
