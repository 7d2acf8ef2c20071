"""Taps of a deformable convolution in blocks, one after the other, to bound their memory."""

import tensorflow as tf

BLOCK_BYTES = 64 * 2**20


def taps_per_block(out_shape, num_taps, sample_bytes):
    """The largest divisor of the number of taps that fits a block, at least 1.

    Args:
      out_shape: static axes whose product is the number of output pixels; unknown ones count as 1.
      num_taps: K.
      sample_bytes: what one tap of one output pixel takes.
    """
    tap_bytes = sample_bytes
    for side in out_shape:
        tap_bytes *= side or 1
    fits = [n for n in range(1, num_taps + 1) if num_taps % n == 0 and n * tap_bytes <= BLOCK_BYTES]
    return max(fits, default=1)


def after(previous, tensor):
    """`tensor`, but not before `previous` (tensors or None), so that blocks do not hold their
    memory at once."""
    if previous is None:
        return tensor
    with tf.control_dependencies(tf.nest.flatten(previous)):
        return tf.identity(tensor)
