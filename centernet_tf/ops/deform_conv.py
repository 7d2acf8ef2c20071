"""Modulated deformable convolution (DCN v2) from ordinary TensorFlow operations.

It follows mmcv's `modulated_deform_conv2d` and the original CUDA code in values and gradients, and
runs eagerly, in graphs, under XLA and, converted, on TensorFlow Lite's builtin operations.
"""

import functools

import tensorflow as tf

from centernet_tf.ops.bilinear_taps import bilinear_taps
from centernet_tf.ops.sampled_product import sampled_product


def modulated_deform_conv2d(
    x,
    offset,
    mask,
    weight,
    bias=None,
    strides=(1, 1),
    padding=(1, 1),
    dilation=(1, 1),
    groups=1,
    deformable_groups=1,
):
    """Convolves a map that every tap samples at its own offset and scales by its own mask.

    With zero offsets and masks of one it is the plain convolution with the same arguments.

    Args:
      x: float [B, H, W, Cin]; its dtype is the one computed in.
      offset: float [B, Ho, Wo, G * K * 2] in pixels of `x`: for each of the G deformable groups and
        K taps (row-major over the kernel) dy, then dx. Positions are computed in float32.
      mask: float [B, Ho, Wo, G * K], already in 0..1.
      weight: float [kernel height, kernel width, Cin / groups, Cout].
      bias: float [Cout] or None.
      strides, dilation: (y, x) pairs of ints.
      padding: (y, x) pixels of zeros on each side.
      groups: groups of channels as in a grouped convolution; divides Cin and Cout.
      deformable_groups: G; the g-th of G equal parts of the input channels follows the g-th
        offsets.

    Returns:
      [B, Ho, Wo, Cout] in the dtype of `x`; differentiable once in all five tensors.

    Raises:
      ValueError: if the channels do not agree with the groups or the kernel.
    """
    _check_channels(x.shape[-1], offset, mask, weight, groups, deformable_groups)
    geometry = (strides, padding, dilation)
    output = _grouped_conv2d(x, offset, mask, weight, geometry, groups, deformable_groups)
    output = tf.reshape(output, tf.concat([tf.shape(mask)[:-1], weight.shape[-1:]], axis=0))
    output.set_shape([*mask.shape[:-1], weight.shape[-1]])
    return output if bias is None else output + tf.cast(bias, x.dtype)


def _grouped_conv2d(x, offset, mask, weight, geometry, groups, deformable_groups):
    """[B, Ho * Wo, Cout] by products of each group of channels and run of equal offsets."""
    kernel_height, kernel_width, group_in, c_out = weight.shape
    c_in, num_taps = x.shape[-1], kernel_height * kernel_width
    x = _at_least_2x2(x)
    map_size = [tf.shape(x)[axis] if x.shape[axis] is None else x.shape[axis] for axis in (1, 2)]
    taps = functools.partial(
        bilinear_taps,
        map_size=map_size,
        kernel_size=(kernel_height, kernel_width),
        strides=geometry[0],
        padding=geometry[1],
        dilation=geometry[2],
    )
    offsets = tf.split(tf.cast(offset, tf.float32), deformable_groups, axis=-1)
    masks = tf.split(tf.cast(mask, tf.float32), deformable_groups, axis=-1)
    weight = tf.reshape(tf.cast(weight, x.dtype), [num_taps, group_in, c_out])
    outputs = []
    for group, group_weight in enumerate(tf.split(weight, groups, axis=-1)):
        channels = range(group * group_in, (group + 1) * group_in)
        parts = []
        for start, stop in _runs(channels, c_in // deformable_groups):
            fields = start // (c_in // deformable_groups)
            part = group_weight[:, start - channels.start : stop - channels.start]
            parts.append(
                sampled_product(x[..., start:stop], offsets[fields], masks[fields], part, taps)
            )
        outputs.append(tf.add_n(parts))
    return tf.concat(outputs, axis=-1) if groups > 1 else outputs[0]


def _at_least_2x2(x):
    """Pads with the zeros that are outside anyway, since samples are taken from 2x2 squares."""
    if min(side or 0 for side in x.shape[1:3]) >= 2:
        return x
    missing = tf.maximum(2 - tf.shape(x)[1:3], 0)
    return tf.pad(x, [[0, 0], [0, missing[0]], [0, missing[1]], [0, 0]])


def _runs(channels, run_length):
    """Cuts a range of channels where the deformable group changes, into (start, stop) pairs."""
    first, last = channels.start // run_length, (channels.stop - 1) // run_length
    cuts = [channels.start, *(run_length * i for i in range(first + 1, last + 1)), channels.stop]
    return zip(cuts[:-1], cuts[1:])


def _check_channels(c_in, offset, mask, weight, groups, deformable_groups):
    num_taps = weight.shape[0] * weight.shape[1]
    if c_in % deformable_groups or weight.shape[2] * groups != c_in or weight.shape[3] % groups:
        raise ValueError(
            f"{c_in} input channels, groups={groups} and deformable_groups={deformable_groups}"
            f" do not fit a kernel of shape {tuple(weight.shape)}"
        )
    if offset.shape[-1] != 2 * mask.shape[-1] or mask.shape[-1] != deformable_groups * num_taps:
        raise ValueError(
            f"{num_taps} taps in {deformable_groups} deformable groups need"
            f" {2 * deformable_groups * num_taps} offset and {deformable_groups * num_taps} mask"
            f" channels, but got {offset.shape[-1]} and {mask.shape[-1]}"
        )
