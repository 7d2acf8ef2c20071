"""One image's outputs in the Object Detection API's conventions, read back."""

import numpy as np

from centernet_tf.ops.detections import Detections


def detections_from_outputs(outputs: dict, image_size, categories) -> Detections:
    """Undoes the Object Detection API's conventions for one image.

    Args:
      outputs: NumPy arrays of one image by name: `detection_boxes` [K, 4] normalised, or
        `detection_boxes_px` in pixels of the image, `detection_scores` [K], `detection_classes` [K]
        category ids, `num_detections` scalar.
      image_size: (height, width) in pixels.
      categories: in the order of the contiguous classes.

    Returns:
      Detections with boxes in pixels of the image, only the rows that are meant.
    """
    count = int(outputs["num_detections"])
    index = {category.id: position for position, category in enumerate(categories)}
    ids = outputs["detection_classes"][:count]
    return Detections(
        boxes=boxes_px(outputs, image_size)[:count],
        scores=outputs["detection_scores"][:count],
        classes=np.array([index[int(identity)] for identity in ids], np.int32),
        count=np.int32(count),
    )


def boxes_px(outputs: dict, image_size) -> np.ndarray:
    """Returns the boxes of one image in its pixels, whichever of the two units was exported."""
    if "detection_boxes_px" in outputs:
        return outputs["detection_boxes_px"]
    height, width = image_size
    return outputs["detection_boxes"] * np.float32([height, width, height, width])
