"""Where the taps of a deformable convolution look, and with which bilinear weights.

A sample strictly inside (-1, H) x (-1, W) is the bilinear mean of its four neighbours, those
outside the map counting as zero; any other sample is zero and passes no gradient to its offset. The
derivative at integer positions is the one to the right. These are the conventions of mmcv and of
the original CUDA code.

The four neighbours are always taken as a 2x2 square inside the map, shifted inwards at the border;
the weight of a pixel is max(0, 1 - |distance|) along each axis, which is then right inside and
outside alike.
"""

import numpy as np
import tensorflow as tf

from centernet_tf.ops.custom_gradient import custom_gradient


def bilinear_taps(offset, mask, map_size, kernel_size, strides, padding, dilation):
    """Returns the square of four pixels every tap samples and the weights of the four.

    Args:
      offset: float32 [B, Ho, Wo, K * 2], (dy, dx) of each tap in pixels of the sampled map,
        interleaved; K = kernel height * width, row-major.
      mask: float32 [B, Ho, Wo, K], factor of each tap in 0..1.
      map_size: (H, W) of the sampled map, each at least 2, ints or int32 scalars.
      kernel_size, strides, padding, dilation: (y, x) pairs of ints; padding on each side.

    Returns:
      corner: int32 [B, Ho * Wo, K], y * W + x of the square's upper left pixel.
      weight: float32 [B, Ho * Wo, 4, K], mask times bilinear weight of the square's upper left,
        upper right, lower left and lower right pixel. Differentiable in offset and mask.
    """
    num_taps = kernel_size[0] * kernel_size[1]
    batch, *out_size = _sizes(mask)[:3]
    shifts = tf.reshape(offset, [batch, out_size[0] * out_size[1], num_taps, 2])
    mask = tf.reshape(mask, [batch, out_size[0] * out_size[1], num_taps])
    lows, weights = [], []
    grids = _tap_grid(out_size, kernel_size, strides, padding, dilation)
    # The gradient of unstack joins, where that of slices would fill with zeros and add.
    for axis, (shift, grid) in enumerate(zip(tf.unstack(shifts, axis=-1), grids)):
        position = shift + grid
        last = tf.cast(map_size[axis] - 2, tf.float32)
        # An undefined position compares as false and stays inside the map. Not a clip of integers:
        # TensorFlow Lite's converter turns one to 0..6 into a Relu6, which it has for floats alone.
        low = tf.where(position > 0.0, tf.minimum(tf.floor(position), last), 0.0)
        lows.append(low)
        weights.append(_pair_weights(position - low))
    (upper, lower), (left, right) = weights
    upper, lower = upper * mask, lower * mask
    weight = tf.concat([upper * left, upper * right, lower * left, lower * right], axis=-1)
    corner = tf.cast(lows[0], tf.int32) * map_size[1] + tf.cast(lows[1], tf.int32)
    return corner, tf.reshape(weight, [batch, -1, 4, num_taps])


def _sizes(tensor):
    """The shape as a list, static where it is known."""
    dynamic = tf.shape(tensor)
    return [dynamic[i] if side is None else side for i, side in enumerate(tensor.shape)]


def _tap_grid(out_size, kernel_size, strides, padding, dilation):
    """Returns undeformed y and x of every output pixel and tap, float32 [Ho * Wo, K] each."""
    taps = np.meshgrid(*(np.arange(side) for side in kernel_size), indexing="ij")
    cells = tf.meshgrid(*(tf.range(side) for side in out_size), indexing="ij")
    axes = []
    for cell, tap, stride, pad, step in zip(cells, taps, strides, padding, dilation):
        first = tf.reshape(cell, [-1, 1]) * stride - pad
        axes.append(tf.cast(first + tf.constant(tap.reshape(1, -1) * step, tf.int32), tf.float32))
    return axes


@custom_gradient
def _pair_weights(distance):
    """Weights of two adjacent pixels for a sample `distance` after the first."""
    low = tf.nn.relu(1.0 - tf.abs(distance))
    high = tf.nn.relu(1.0 - tf.abs(distance - 1.0))

    def gradient(dlow, dhigh):
        # A sample at -1 sees nothing and pays no gradient, where the right derivative would be 1.
        before = tf.where(distance > -1.0, dlow, 0.0)
        after = tf.where(distance < 2.0, -dhigh, 0.0)
        inside_or_after = tf.where(distance < 1.0, dhigh - dlow, after)
        return tf.where(distance < 0.0, before, inside_or_after)

    return (low, high), gradient
