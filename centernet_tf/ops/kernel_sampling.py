"""Deformable convolution through a sampling kernel of TensorFlow's own, for inference.

`tf.image.crop_and_resize` with crops of a single pixel samples bilinearly in one kernel and writes
one value where gathering writes four neighbours. XLA has no such kernel, TensorFlow Lite no such
builtin operation, and its gradient at the border is not that of the original, so nothing uses it
that has not asked for it with `kernel_sampling`.
"""

import contextlib
import contextvars
import math

import numpy as np
import tensorflow as tf

from centernet_tf.ops.bilinear_taps import tap_grid
from centernet_tf.ops.tap_blocks import after, taps_per_block

_allowed = contextvars.ContextVar("kernel_sampling", default=False)


@contextlib.contextmanager
def kernel_sampling():
    """Where it is entered, deformable convolutions sample with the kernel, if it can serve them.

    To be entered inside a function while it is traced, never in one for XLA, TFLite or training.
    """
    token = _allowed.set(True)
    try:
        yield
    finally:
        _allowed.reset(token)


def is_allowed(x, offset, groups, deformable_groups) -> bool:
    """Whether the kernel was asked for and can serve a map `x` and these groups.

    Not where sides are unknown: TensorFlow's optimizer would log a warning for each such kernel.
    """
    sides = [*x.shape[1:3], *offset.shape[1:3]]
    return (
        _allowed.get()
        and groups == deformable_groups == 1
        and x.dtype == tf.float32
        and None not in sides
    )


def kernel_sampled_conv2d(x, offset, mask, weight, strides, padding, dilation):
    """`modulated_deform_conv2d` without bias, of one group; positions are exact to 1e-5 px.

    The map is multiplied by the weights before it is sampled where that leaves fewer channels to
    sample. Images of a batch of unknown size go one by one, as each then has a known shape.

    Args:
      x: float32 [B, H, W, Cin], all sides known.
      offset: float32 [B, Ho, Wo, K * 2], all sides known.
      mask: float32 [B, Ho, Wo, K].
      weight: float32 [kernel height, kernel width, Cin, Cout].
      strides, padding, dilation: (y, x) pairs of ints.

    Returns:
      float32 [B, Ho * Wo, Cout].
    """
    if x.shape[0] is None:
        return tf.map_fn(
            lambda image: kernel_sampled_conv2d(
                *(value[tf.newaxis] for value in image), weight, strides, padding, dilation
            )[0],
            (x, offset, mask),
            fn_output_signature=tf.TensorSpec([math.prod(offset.shape[1:3]), weight.shape[-1]]),
            parallel_iterations=1,
        )
    kernel_height, kernel_width, c_in, c_out = weight.shape
    num_taps = kernel_height * kernel_width
    points = _points(x, offset, (kernel_height, kernel_width), strides, padding, dilation)
    mask = tf.reshape(mask, [-1, 1, num_taps])
    weight = tf.reshape(weight, [num_taps, c_in, c_out])
    # A border of zeros, so that samples between the map and its outside are right too.
    x = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    project = c_out < c_in and tuple(strides) == (1, 1)
    taps = taps_per_block(offset.shape[:3], num_taps, 4 * min(c_in, c_out))
    total = None
    for first in range(0, num_taps, taps):
        block = slice(first, first + taps)
        parts = after(total, x), points[:, block], mask[..., block], weight[block]
        term = (_project_then_sample if project else _sample_then_project)(*parts)
        total = term if total is None else total + term
    return tf.reshape(total, [x.shape[0], -1, c_out])


def _points(x, offset, kernel_size, strides, padding, dilation):
    """(y, x) of every sample in parts of the map with its border, float32 [B * Ho * Wo, K, 2]."""
    num_taps = kernel_size[0] * kernel_size[1]
    shifts = tf.reshape(offset, [offset.shape[0], -1, num_taps, 2])
    grids = tap_grid(offset.shape[1:3], kernel_size, strides, padding, dilation)
    parts = []
    for axis, (shift, grid) in enumerate(zip(tf.unstack(shifts, axis=-1), grids)):
        last = float(x.shape[axis + 1])
        # All that is outside lies on the border; an undefined position compares as false.
        position = tf.where(shift + grid > -1.0, tf.minimum(shift + grid, last), -1.0)
        parts.append((position + 1.0) / (last + 1.0))
    return tf.reshape(tf.stack(parts, axis=-1), [-1, num_taps, 2])


def _sample(maps, points, owner):
    """Samples maps [M, H, W, C] at points [..., 2] of maps `owner` [...]; float32 [..., C]."""
    flat = tf.reshape(points, [-1, 2])
    samples = tf.image.crop_and_resize(
        maps, tf.concat([flat, flat], axis=-1), tf.reshape(owner, [-1]), [1, 1]
    )
    return tf.reshape(samples, [*owner.shape, maps.shape[-1]])


def _images(x, points):
    """The image of every point, int32 [B * Ho * Wo, 1]."""
    batch, count = x.shape[0], points.shape[0]
    return tf.constant(np.repeat(np.arange(batch), count // batch)[:, np.newaxis], tf.int32)


def _project_then_sample(x, points, mask, weight):
    taps, c_in, c_out = weight.shape
    projected = tf.matmul(tf.reshape(x, [1, -1, c_in]), weight)
    maps = tf.reshape(projected, [-1, *x.shape[1:3], c_out])
    owner = _images(x, points) + tf.range(taps) * x.shape[0]
    return tf.matmul(mask, _sample(maps, points, owner))[:, 0]


def _sample_then_project(x, points, mask, weight):
    taps, c_in, c_out = weight.shape
    owner = tf.repeat(_images(x, points), taps, axis=1)
    samples = _sample(x, points, owner) * tf.transpose(mask, [0, 2, 1])
    return tf.matmul(
        tf.reshape(samples, [-1, taps * c_in]), tf.reshape(weight, [taps * c_in, c_out])
    )
