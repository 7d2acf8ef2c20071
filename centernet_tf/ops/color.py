"""Colour changes as one affine map of RGB pixels, so that any number of them costs one pass.

Values are in 0..255 units and are never clipped between steps or at the end, as in the originals.
"""

from typing import NamedTuple, Sequence

import tensorflow as tf

# ITU-R 601, as OpenCV's grey conversion.
LUMA_RGB = (0.299, 0.587, 0.114)

# Principal components of ImageNet's colours (AlexNet): rows R, G, B; columns the components; 0..1
# units.
LIGHTING_VALUES = (0.2141788, 0.01817699, 0.00341571)
LIGHTING_VECTORS_RGB = (
    (-0.56089297, 0.71832671, 0.41158938),
    (-0.5832747, 0.00994535, -0.81221408),
    (-0.58752847, -0.69563484, 0.41340352),
)


class ColorAffine(NamedTuple):
    """The map pixel -> pixel @ matrix + bias.

    Attributes:
      matrix: float32 [3, 3], input channels by output channels.
      bias: float32 [3].
    """

    matrix: tf.Tensor
    bias: tf.Tensor


def identity_color():
    """Returns the `ColorAffine` that changes nothing."""
    return ColorAffine(tf.eye(3), tf.zeros([3]))


def compose_color(first, second):
    """Returns the `ColorAffine` that applies `first`, then `second`."""
    bias = tf.linalg.matvec(second.matrix, first.bias, transpose_a=True) + second.bias
    return ColorAffine(first.matrix @ second.matrix, bias)


def apply_color(image, color):
    """Applies a `ColorAffine` to an RGB image float32 [H, W, 3]."""
    # A 1x1 convolution: TensorFlow's broadcasting over three channels is five times as slow. Four
    # pixels at a time fill the processor's registers better than one (1.0 against 1.7 ms).
    at_once = 4 if (image.shape[1] or 1) % 4 == 0 else 1
    height, width = tf.shape(image)[0], tf.shape(image)[1]
    apart = tf.eye(at_once)[:, tf.newaxis, :, tf.newaxis] * color.matrix[:, tf.newaxis]
    kernel = tf.reshape(apart, [1, 1, 3 * at_once, 3 * at_once])
    pixels = tf.reshape(image, [1, height, width // at_once, 3 * at_once])
    pixels = tf.nn.conv2d(pixels, kernel, 1, "VALID")
    pixels = tf.nn.bias_add(pixels, tf.tile(color.bias, [at_once]))
    return tf.ensure_shape(tf.reshape(pixels, [height, width, 3]), image.shape)


def normalization_color(channel_order: str, mean: Sequence[float], std: Sequence[float]):
    """Returns `ops.normalize.normalize` as a `ColorAffine` from RGB to the network's channels."""
    order = [2, 1, 0] if channel_order == "bgr" else [0, 1, 2]
    matrix = tf.gather(tf.eye(3), order, axis=1) / tf.constant(std, tf.float32)
    return ColorAffine(matrix, -tf.constant(mean, tf.float32) / tf.constant(std, tf.float32))


def mean_luma(image):
    """Returns the mean grey value of an RGB image float32 [H, W, 3], a scalar."""
    height, width, channels = image.shape
    # As a product; the mean over rows takes half as long again.
    rows = tf.reshape(image, [height, width * channels])
    columns = tf.matmul(tf.fill([1, height], 1.0 / height), rows)
    means = tf.reduce_mean(tf.reshape(columns, [width, channels]), axis=0)
    return tf.reduce_sum(means * LUMA_RGB)


def jitter_color(factors, order, luma):
    """Brightness, contrast and saturation in any order.

    With a factor a each: brightness x <- a x; contrast x <- a x + (1 - a) m; saturation
    x <- a x + (1 - a) g. The grey value g of a pixel and its mean m are those before any step, in
    whatever order the steps are taken (the original computes them once), so that the outcome is
    alpha x + beta g + gamma m for every pixel.

    Args:
      factors: float32 [3], of brightness, contrast and saturation.
      order: int32 [3], a permutation of 0, 1, 2 (brightness, contrast, saturation).
      luma: float32 scalar m, see `mean_luma`.

    Returns:
      `ColorAffine`.
    """
    weights = tf.constant([1.0, 0.0, 0.0])
    for step in range(3):
        which = order[step]
        factor = factors[which]
        # Brightness takes from x and gives nothing back: it blends with black.
        blended = tf.stack([0.0, tf.cast(which == 2, tf.float32), tf.cast(which == 1, tf.float32)])
        weights = weights * factor + blended * (1.0 - factor)
    alpha, beta, gamma = weights[0], weights[1], weights[2]
    gray = tf.repeat(tf.constant(LUMA_RGB)[:, tf.newaxis], 3, axis=1)
    return ColorAffine(alpha * tf.eye(3) + beta * gray, tf.fill([3], gamma * luma))


def lighting_color(normals):
    """AlexNet's lighting noise: a shift of all pixels along the principal components of colour.

    Args:
      normals: float32 [3], one draw a component, its standard deviation included.

    Returns:
      `ColorAffine`.
    """
    shift = tf.linalg.matvec(tf.constant(LIGHTING_VECTORS_RGB), normals * LIGHTING_VALUES)
    return ColorAffine(tf.eye(3), 255.0 * shift)
