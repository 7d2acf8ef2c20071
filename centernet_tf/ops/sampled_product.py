"""The product of sampled taps with their weights, and a gradient that keeps nothing of its size.

For every output pixel n the product is the sum over taps k and neighbours j of
`coefficient[n, k, j] * x[pixel[n, k, j]] @ weight[k]`. Sampling is linear, so it can follow the product
with the weights (`_ProjectThenSample` gathers Cout values a neighbour) or precede it (`_SampleThenProject`
gathers Cin values). Both go through the taps in blocks, one after the other, so that what is gathered at
one time stays near `_BLOCK_BYTES`, and gather again for the gradient instead of keeping it.
"""

import tensorflow as tf

_BLOCK_BYTES = 64 * 2**20
# The cost of gathering and weighing one value, in multiply-adds of a matrix product; measured on a CPU.
_GATHER_COST = 50


def sampled_product(x, pixel, coefficient, weight):
    """Samples a map at weighted pixels and multiplies by one matrix a tap, in the cheaper order.

    Args:
      x: float [B, P, Cin], the pixels of the map.
      pixel: int32 [B, N, K, 4], in 0..P-1: the pixel of each neighbour of each tap.
      coefficient: [B, N, K, 4] in the dtype of `x`.
      weight: [K, Cin, Cout] in the dtype of `x`.

    Returns:
      [B, N, Cout], differentiable once in x, coefficient and weight.
    """
    batch, pixels = tf.shape(x)[0], tf.shape(x)[1]
    num_taps, c_in, c_out = weight.shape
    order = (_ProjectThenSample if _projects_first(x, pixel, weight) else _SampleThenProject)(
        _taps_per_block(pixel, num_taps, min(c_in, c_out), x.dtype.size)
    )

    @tf.custom_gradient
    def product(x, pixel, coefficient, weight):
        def gradient(upstream):
            dx, dcoefficient, dweight = order.backward(x, pixel, coefficient, weight, upstream)
            return dx, None, dcoefficient, dweight

        return order.forward(x, pixel, coefficient, weight), gradient

    image = tf.range(batch)[:, tf.newaxis, tf.newaxis, tf.newaxis]
    output = product(
        tf.reshape(x, [-1, c_in]),
        tf.reshape(pixel + image * pixels, [-1, num_taps, 4]),
        tf.reshape(coefficient, [-1, num_taps, 4]),
        weight,
    )
    return tf.reshape(output, [batch, -1 if pixel.shape[1] is None else pixel.shape[1], c_out])


def _projects_first(x, pixel, weight):
    pixels, outputs = x.shape[1] or 1, pixel.shape[1] or 1
    _, c_in, c_out = weight.shape
    project = pixels * c_in * c_out + 4 * outputs * c_out * _GATHER_COST
    sample = outputs * c_in * c_out + 4 * outputs * c_in * _GATHER_COST
    return project <= sample


def _taps_per_block(pixel, num_taps, channels, value_bytes):
    """The largest divisor of the number of taps whose gathered values fit the block, at least 1."""
    tap_bytes = (pixel.shape[0] or 1) * (pixel.shape[1] or 1) * 4 * channels * value_bytes
    fits = [
        n for n in range(1, num_taps + 1) if num_taps % n == 0 and n * tap_bytes <= _BLOCK_BYTES
    ]
    return max(fits, default=1)


def _after(previous, tensor):
    """`tensor`, but not before `previous` is there, so that blocks do not hold their memory at once."""
    if previous is None:
        return tensor
    with tf.control_dependencies([previous]):
        return tf.identity(tensor)


def _plus(total, term):
    return term if total is None else total + term


class _ProjectThenSample:
    """Multiplies the un-sampled map by the weights of a block of taps, then samples the products."""

    def __init__(self, taps_per_block):
        self._taps = taps_per_block

    def forward(self, x, pixel, coefficient, weight):
        """x [P, Cin], pixel and coefficient [N, K, 4], weight [K, Cin, Cout] to [N, Cout]."""
        total = None
        for rows, factors, matrix in self._blocks(pixel, coefficient, weight):
            values = self._gather(_after(total, x), rows, matrix)
            total = _plus(total, tf.matmul(factors[:, tf.newaxis], values)[:, 0])
        return total

    def backward(self, x, pixel, coefficient, weight, upstream):
        """Returns the gradients of x, coefficient and weight for the one of the output [N, Cout]."""
        dx, dfactors, dmatrices = None, [], []
        c_out = upstream.shape[-1]
        for rows, factors, matrix in self._blocks(pixel, coefficient, weight):
            x_block = _after(dx, x)
            values = self._gather(x_block, rows, matrix)
            dfactors.append(tf.matmul(upstream[:, tf.newaxis], values, transpose_b=True)[:, 0])
            dprojected = tf.math.unsorted_segment_sum(
                factors[..., tf.newaxis] * upstream[:, tf.newaxis],
                rows,
                tf.shape(x)[0] * self._taps,
            )
            dprojected = tf.reshape(dprojected, [-1, self._taps * c_out])
            dx = _plus(dx, tf.matmul(dprojected, matrix, transpose_b=True))
            dmatrices.append(tf.matmul(x_block, dprojected, transpose_a=True))
        dweight = tf.reshape(tf.stack(dmatrices), [-1, weight.shape[1], self._taps, c_out])
        dweight = tf.reshape(tf.transpose(dweight, [0, 2, 1, 3]), weight.shape)
        dcoefficient = tf.reshape(tf.concat(dfactors, axis=-1), tf.shape(coefficient))
        return dx, dcoefficient, dweight

    def _gather(self, x, rows, matrix):
        return tf.gather(
            tf.reshape(tf.matmul(x, matrix), [-1, matrix.shape[1] // self._taps]), rows
        )

    def _blocks(self, pixel, coefficient, weight):
        """Yields rows [N, taps * 4] of the projected map, their factors, and weights [Cin, taps * Cout]."""
        num_taps, c_in, c_out = weight.shape
        tap = tf.range(num_taps)[:, tf.newaxis] % self._taps
        rows = tf.reshape(pixel * self._taps + tap, [-1, num_taps * 4])
        blocks = num_taps // self._taps
        weight = tf.transpose(tf.reshape(weight, [blocks, self._taps, c_in, c_out]), [0, 2, 1, 3])
        return zip(
            tf.split(rows, blocks, axis=1),
            tf.split(tf.reshape(coefficient, [-1, num_taps * 4]), blocks, axis=1),
            tf.unstack(tf.reshape(weight, [blocks, c_in, self._taps * c_out])),
        )


class _SampleThenProject:
    """Samples the map for a block of taps, then multiplies the samples by the weights."""

    def __init__(self, taps_per_block):
        self._taps = taps_per_block

    def forward(self, x, pixel, coefficient, weight):
        """x [P, Cin], pixel and coefficient [N, K, 4], weight [K, Cin, Cout] to [N, Cout]."""
        total = None
        for rows, factors, matrix in self._blocks(pixel, coefficient, weight):
            values = tf.gather(_after(total, x), rows)
            total = _plus(total, tf.matmul(self._samples(factors, values), matrix))
        return total

    def backward(self, x, pixel, coefficient, weight, upstream):
        """Returns the gradients of x, coefficient and weight for the one of the output [N, Cout]."""
        dx, dfactors, dmatrices = None, [], []
        c_in = x.shape[-1]
        for rows, factors, matrix in self._blocks(pixel, coefficient, weight):
            values = tf.gather(_after(dx, x), rows)
            dmatrices.append(tf.matmul(self._samples(factors, values), upstream, transpose_a=True))
            dsamples = tf.matmul(upstream, matrix, transpose_b=True)
            dsamples = tf.reshape(dsamples, [-1, self._taps, 1, c_in])
            dfactors.append(tf.matmul(dsamples, values, transpose_b=True)[:, :, 0])
            dx_block = tf.math.unsorted_segment_sum(
                factors[..., tf.newaxis] * dsamples, rows, tf.shape(x)[0]
            )
            dx = _plus(dx, dx_block)
        dweight = tf.reshape(tf.concat(dmatrices, axis=0), weight.shape)
        return dx, tf.concat(dfactors, axis=1), dweight

    def _samples(self, factors, values):
        samples = tf.matmul(factors[:, :, tf.newaxis], values)
        return tf.reshape(samples, [-1, self._taps * values.shape[-1]])

    def _blocks(self, pixel, coefficient, weight):
        """Yields rows of the map [N, taps, 4], their factors, and weights [taps * Cin, Cout]."""
        num_taps, c_in, c_out = weight.shape
        blocks = num_taps // self._taps
        return zip(
            tf.split(pixel, blocks, axis=1),
            tf.split(coefficient, blocks, axis=1),
            tf.unstack(tf.reshape(weight, [blocks, self._taps * c_in, c_out])),
        )
