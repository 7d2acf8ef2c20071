"""Where the taps of a deformable convolution look, and with which bilinear weights.

A sample strictly inside (-1, H) x (-1, W) is the bilinear mean of four pixels, those outside the map
counting as zero; any other sample (a NaN too) is zero and passes no gradient to its offset. Those are the
conventions of mmcv and of the original DCNv2 CUDA code, to the derivative at integer positions, which is
the one to the right (low pixel = floor).
"""

import numpy as np
import tensorflow as tf


def bilinear_taps(offset, mask, map_size, kernel_size, strides, padding, dilation):
    """Returns the four pixels every tap samples and the weight of each.

    Args:
      offset: float32 [B, Ho, Wo, K * 2], (dy, dx) of each tap in pixels of the sampled map, interleaved;
        K = kernel height * width, row-major.
      mask: float32 [B, Ho, Wo, K], factor of each tap in 0..1.
      map_size: (H, W) of the sampled map, ints or int32 scalars.
      kernel_size, strides, padding, dilation: (y, x) pairs of ints; padding on each side.

    Returns:
      pixel: int32 [B, Ho * Wo, K, 4], y * W + x, always inside the map.
      weight: float32 [B, Ho * Wo, K, 4], mask times bilinear weight, 0 outside the map. Differentiable in
        offset and mask.
    """
    num_taps = kernel_size[0] * kernel_size[1]
    batch, out_height, out_width = _sizes(mask)[:3]
    shift = tf.reshape(offset, [batch, out_height * out_width, num_taps, 2])
    mask = tf.reshape(mask, [batch, out_height * out_width, num_taps])
    height, width = map_size
    grid_y, grid_x = _grid((out_height, out_width), kernel_size, strides, padding, dilation)
    y, x = grid_y + shift[..., 0], grid_x + shift[..., 1]
    limit_y, limit_x = tf.cast(height, tf.float32), tf.cast(width, tf.float32)
    inside = (y > -1.0) & (y < limit_y) & (x > -1.0) & (x < limit_x)
    low_y, high_y, weight_low_y, weight_high_y = _neighbours(tf.where(inside, y, -1.0), height)
    low_x, high_x, weight_low_x, weight_high_x = _neighbours(tf.where(inside, x, -1.0), width)
    low_y, high_y = low_y * width, high_y * width
    weight_low_y, weight_high_y = weight_low_y * mask, weight_high_y * mask
    pixel = [low_y + low_x, low_y + high_x, high_y + low_x, high_y + high_x]
    weight = [
        weight_low_y * weight_low_x,
        weight_low_y * weight_high_x,
        weight_high_y * weight_low_x,
        weight_high_y * weight_high_x,
    ]
    return tf.stack(pixel, axis=-1), tf.stack(weight, axis=-1)


def _sizes(tensor):
    """The shape as a list, static where it is known."""
    dynamic = tf.shape(tensor)
    return [dynamic[i] if side is None else side for i, side in enumerate(tensor.shape)]


def _grid(out_size, kernel_size, strides, padding, dilation):
    """Returns the undeformed (y, x) of every output pixel and tap, float32 [1, Ho * Wo, K] each."""
    taps = np.meshgrid(*(np.arange(side) for side in kernel_size), indexing="ij")
    cells = tf.meshgrid(*(tf.range(side) for side in out_size), indexing="ij")
    axes = []
    for cell, tap, stride, pad, step in zip(cells, taps, strides, padding, dilation):
        cell = tf.reshape(cell, [1, -1, 1]) * stride - pad
        axes.append(tf.cast(cell + tap.reshape(1, 1, -1).astype("int32") * step, tf.float32))
    return axes


def _neighbours(position, side):
    """Returns low and high pixel along one axis, clipped into the map, and their weights, 0 if outside."""
    low = tf.floor(position)
    fraction = position - low
    low = tf.cast(low, tf.int32)
    weight_low = tf.where(low >= 0, 1.0 - fraction, 0.0)
    weight_high = tf.where(low < side - 1, fraction, 0.0)
    return tf.maximum(low, 0), tf.minimum(low + 1, side - 1), weight_low, weight_high
