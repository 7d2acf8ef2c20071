"""Up-sampling by a transposed convolution of each channel by itself."""

import numpy as np
import tensorflow as tf


def depthwise_deconv2d(x, kernel):
    """Depthwise transposed convolution with stride f, kernel 2f x 2f and padding f / 2.

    Each of the f x f places within a cell of the input sees 2 x 2 cells of it. So one plain
    depthwise convolution makes all places, as channels, which are then spread out. TensorFlow's own
    form is the gradient of a depthwise convolution, which TFLite does not have; on a CPU this is as
    fast, and faster with gradients.

    Args:
      x: float [B, H, W, C], C known.
      kernel: [2f, 2f, C, 1] with an even f, in the layout of a depthwise convolution's.

    Returns:
      [B, fH, fW, C], as PyTorch's `ConvTranspose2d(C, C, 2f, f, f / 2, groups=C, bias=False)`.
    """
    factor, channels = kernel.shape[0] // 2, kernel.shape[2]
    taps = tf.reshape(kernel, [2 * factor, 2 * factor, channels])
    # Rows 0 to f of zeros stand for the taps that a place does not have.
    taps = tf.pad(taps, [[factor, factor], [factor, factor], [0, 0]])
    index = _taps_of_places(factor) + factor
    taps = tf.gather(tf.gather(taps, index, axis=0), index, axis=2)
    taps = tf.transpose(taps, [0, 2, 1, 3, 4])
    taps = tf.reshape(taps, [3, 3, factor * factor * channels, 1])
    copies = tf.concat([x] * factor**2, axis=-1)
    places = tf.nn.depthwise_conv2d(copies, taps, [1, 1, 1, 1], "SAME")
    return tf.nn.depth_to_space(places, factor)


def _taps_of_places(factor):
    """Row of the kernel by which source cell -1, 0, +1 reaches each place: int [3, f], may lie
    outside 0 to 2f - 1."""
    place, source = np.arange(factor), np.arange(-1, 2)
    return place[None, :] + factor // 2 - factor * source[:, None]
