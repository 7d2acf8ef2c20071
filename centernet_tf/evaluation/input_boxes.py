"""Annotated boxes in the frame of the network input, into which images are letterboxed."""

import numpy as np

from centernet_tf.ops.geometry import letterbox_transform


def input_transforms(annotations, input_size) -> np.ndarray:
    """Returns float32 [N, 3], for each image the transform to the input (`ops.geometry`).

    Args:
      annotations: N `ImageAnnotation`s.
      input_size: (height, width) of the network input in pixels.
    """
    sizes = np.reshape([(image.height, image.width) for image in annotations], [-1, 2])
    return letterbox_transform(sizes.astype(np.float32), input_size).numpy()


def boxes_at_input(boxes, transform) -> np.ndarray:
    """Returns float32 [N, 4], yxyx, pixels of the network input, of N `BoxAnnotation`s."""
    boxes_px = np.reshape(np.float32([box.box_px for box in boxes]), [-1, 4])
    return boxes_px * transform[0] + np.tile(transform[1:], 2)
