"""A window of whole pixels of an image, and its one resampling to the network input.

All geometry of training (crop, scale, mirror) is the choice of a window; pixels are resampled once.
Pixel centres are at integers in both frames, as in `ops.geometry`: output pixel j samples the
window at j * extent / output side, blended with the black outside, as the original's `warpAffine`
does.
"""

from typing import NamedTuple

import tensorflow as tf


class Window(NamedTuple):
    """An axis-aligned window that may overhang the image.

    Attributes:
      top: int32 scalar, first row in image pixels; negative above the image.
      left: int32 scalar, first column.
      height: int32 scalar, at least 1.
      width: int32 scalar, at least 1.
      mirror_y: bool scalar, turn the window upside down.
      mirror_x: bool scalar, mirror the window left-right.
    """

    top: tf.Tensor
    left: tf.Tensor
    height: tf.Tensor
    width: tf.Tensor
    mirror_y: tf.Tensor
    mirror_x: tf.Tensor


def centered_window(center, extent):
    """Returns the unmirrored window whose centre pixel is `center`: top = center_y - height // 2.

    Args:
      center: int32 [2], (y, x) in image pixels.
      extent: int32 [2], (height, width).
    """
    first = center - extent // 2
    return Window(first[0], first[1], extent[0], extent[1], tf.constant(False), tf.constant(False))


def visible_part(window, image_size):
    """Returns int32 [4], (top, left, height, width) of what the window shows of an image.

    Args:
      window: `Window`; must share a pixel with the image.
      image_size: int32 [2], (height, width).
    """
    top, left = tf.maximum(window.top, 0), tf.maximum(window.left, 0)
    bottom = tf.minimum(window.top + window.height, image_size[0])
    right = tf.minimum(window.left + window.width, image_size[1])
    return tf.stack([top, left, bottom - top, right - left])


def resample_window(visible, window, image_size, output_size):
    """Pads the visible part with black to the whole window, mirrors it and scales it to the output.

    Args:
      visible: uint8 or float32 [h, w, C], the part that `visible_part` names.
      window: `Window`.
      image_size: int32 [2], (height, width) of the image.
      output_size: (height, width) in pixels.

    Returns:
      float32 [height, width, C] in the range of `visible`.
    """
    top, left, height, width = tf.unstack(visible_part(window, image_size))
    channels = visible.shape[-1]
    before = tf.stack([top - window.top, left - window.left])
    after = tf.stack([window.height - height, window.width - width]) - before
    # Rows and columns alone: tf.pad is several times as fast on two axes as on three.
    by_channel = tf.constant([1, channels])
    flat = tf.pad(
        tf.reshape(visible, [height, -1]),
        tf.stack([before * by_channel, after * by_channel], axis=-1),
    )
    canvas = tf.reshape(flat, [window.height, window.width, channels])
    mirror = tf.stack([window.mirror_y, window.mirror_x, tf.constant(False)])
    # Reverse copies even where it has nothing to turn.
    canvas = tf.cond(
        tf.reduce_any(mirror),
        lambda: tf.raw_ops.Reverse(tensor=canvas, dims=mirror),
        lambda: canvas,
    )
    # ResizeBilinear is faster on float32 than on uint8 by more than this conversion takes.
    canvas = tf.cast(canvas, tf.float32)
    return tf.raw_ops.ResizeBilinear(
        images=canvas[tf.newaxis], size=list(output_size), half_pixel_centers=False
    )[0]


def window_boxes(boxes_px, window, output_size, mirror_sum):
    """Maps boxes of the image to the output of `resample_window`.

    Args:
      boxes_px: float32 [N, 4], yxyx, image pixels.
      window: `Window`.
      output_size: (height, width) in pixels.
      mirror_sum: what a coordinate and its mirror image add up to, less the extent of the window:
        -1 mirrors box sides like pixel indices (the original: x <- W - x - 1); 0 like the borders
        between pixels (COCO's and mmdet's meaning of a box: x <- W - x).

    Returns:
      float32 [N, 4], yxyx, output pixels; may overhang.
    """
    first = tf.cast(tf.stack([window.top, window.left]), tf.float32)
    extent = tf.cast(tf.stack([window.height, window.width]), tf.float32)
    scale = tf.constant([float(side) for side in output_size], tf.float32) / extent
    low, high = boxes_px[:, :2] - first, boxes_px[:, 2:] - first
    mirror = tf.stack([window.mirror_y, window.mirror_x])
    mirrored_low, mirrored_high = extent + mirror_sum - high, extent + mirror_sum - low
    low = tf.where(mirror, mirrored_low, low)
    high = tf.where(mirror, mirrored_high, high)
    return tf.concat([low * scale, high * scale], axis=-1)
