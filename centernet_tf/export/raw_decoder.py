"""From an image to the input of a raw TFLite file, and from its maps to detections, in NumPy."""

import numpy as np


def letterbox(image, input_size):
    """Fits an image into the network input, centred, its aspect ratio kept, black around it.

    Pixel centres are at integers. Values are rounded, as the input takes them.

    Args:
      image: uint8 [h, w, 3], RGB; both sides at least 2.
      input_size: (height, width) of the input.

    Returns:
      uint8 [1, height, width, 3]; and (scale, shift_y, shift_x): a point p of the image lies at
      scale * p + shift in the input.
    """
    size = np.array(image.shape[:2])
    scale = np.min(np.array(input_size) / size)
    shift = np.array(input_size) / 2 - scale * size / 2
    pixels = image.astype(np.float32)
    for axis in (0, 1):
        last = size[axis] - 1
        position = (np.arange(input_size[axis]) - shift[axis]) / scale
        is_inside = (position > -1e-3) & (position < last + 1e-3)
        position = np.clip(position, 0, last)
        first = np.floor(position).astype(int)
        second = np.minimum(first + 1, last)
        shape = [-1, 1, 1] if axis == 0 else [1, -1, 1]
        weight = np.reshape(position - first, shape)
        one, other = np.take(pixels, first, axis), np.take(pixels, second, axis)
        pixels = (one + (other - one) * weight) * np.reshape(is_inside, shape)
    return np.rint(pixels).astype(np.uint8)[None], (scale, *shift)


def decode(peaks, size, offset, transform, stride, max_detections, score_threshold=0.0):
    """Reads the best boxes off the maps of one image.

    Args:
      peaks: [1, H, W, C], probabilities, 0 where there is no peak.
      size: [1, H, W, 2], (height, width) of boxes in map cells.
      offset: [1, H, W, 2], (y, x) of centres within their cell.
      transform: (scale, shift_y, shift_x) from `letterbox`.
      stride: input pixels a cell.
      max_detections: at most so many.
      score_threshold: lower ones are left out, and always those of score 0.

    Returns:
      boxes float32 [n, 4], yxyx in pixels of the image, not clipped; scores float32 [n], falling;
      classes int32 [n], places in the list of labels.
    """
    _, _, width, num_classes = peaks.shape
    flat = peaks.reshape(-1)
    best = np.argsort(-flat, kind="stable")[:max_detections]
    best = best[(flat[best] > 0) & (flat[best] >= score_threshold)]
    cell, classes = best // num_classes, best % num_classes
    centers = np.stack([cell // width, cell % width], axis=-1) + offset.reshape(-1, 2)[cell]
    half = size.reshape(-1, 2)[cell] / 2
    scale, *shift = transform
    sides = (centers - half, centers + half)
    corners = [(stride * side - np.array(shift)) / scale for side in sides]
    boxes = np.concatenate(corners, axis=-1).astype(np.float32)
    return boxes, flat[best], classes.astype(np.int32)
