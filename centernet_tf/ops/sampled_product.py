"""The product of sampled taps with their weights, and a gradient that keeps nothing of its size.

For every output pixel n the product is the sum over taps k and the four pixels j of the tap's
square of `coefficient[n, j, k] * x[pixel[n, j, k]] @ weight[k]`. Sampling is linear, so it can
follow the product with the weights (`_ProjectThenSample` gathers Cout values a neighbour) or
precede it (`_SampleThenProject` gathers Cin values). Both go through the taps in blocks, one after
the other, so that nothing much bigger than `BLOCK_BYTES` is needed at a time.

The gradient gathers again instead of keeping what was gathered. Where forward and backward pass are
one graph, TensorFlow's optimiser merges the two gathers if they wait for nothing else. That saves a
third of the work, and keeps the values for as long as the layer's other results, so it is left to
it only where one block holds all taps.
"""

import tensorflow as tf

from centernet_tf.ops.tap_blocks import after, taps_per_block

# The cost of gathering and weighing one value, in multiply-adds of a matrix product, on a CPU.
_GATHER_COST = 50


def sampled_product(x, corner, coefficient, weight):
    """Samples a map at weighted pixels and multiplies by one matrix a tap, in the cheaper order.

    Args:
      x: float [B, H, W, Cin].
      corner: int32 [B, N, K], y * W + x of the upper left pixel of each tap's 2x2 square.
      coefficient: [B, N, 4, K] in the dtype of `x`: factors of the square's upper left, upper
        right, lower left and lower right pixel.
      weight: [K, Cin, Cout] in the dtype of `x`.

    Returns:
      [B, N, Cout], differentiable once in x, coefficient and weight.
    """
    batch, height, width = tf.unstack(tf.shape(x)[:3])
    num_taps, c_in, c_out = weight.shape
    order = (_ProjectThenSample if _projects_first(x, corner, weight) else _SampleThenProject)(
        taps_per_block(corner.shape[:2], num_taps, 4 * min(c_in, c_out) * x.dtype.size)
    )

    @tf.custom_gradient
    def product(x, pixel, coefficient, weight):
        def gradient(upstream):
            dx, dcoefficient, dweight = order.backward(x, pixel, coefficient, weight, upstream)
            return dx, None, dcoefficient, dweight

        return order.forward(x, pixel, coefficient, weight), gradient

    corner = tf.reshape(
        corner + (tf.range(batch) * height * width)[:, None, None], [-1, 1, num_taps]
    )
    output = product(
        tf.reshape(x, [-1, c_in]),
        tf.concat([corner, corner + 1, corner + width, corner + width + 1], axis=1),
        tf.reshape(coefficient, [-1, 4, num_taps]),
        weight,
    )
    return tf.reshape(output, [batch, -1, c_out])


def _projects_first(x, corner, weight):
    pixels, outputs = (x.shape[1] or 1) * (x.shape[2] or 1), corner.shape[1] or 1
    _, c_in, c_out = weight.shape
    project = pixels * c_in * c_out + 4 * outputs * c_out * _GATHER_COST
    sample = outputs * c_in * c_out + 4 * outputs * c_in * _GATHER_COST
    return project <= sample


def _weigh(values, factors):
    """Sums values [..., J, C] with factors [..., J] to [..., C]."""
    return tf.squeeze(tf.matmul(tf.expand_dims(factors, -2), values), -2)


def _dot(values, vectors):
    """Products of values [..., J, C] with a vector [..., C], [..., J]."""
    return tf.squeeze(tf.matmul(tf.expand_dims(vectors, -2), values, transpose_b=True), -2)


def _waits_for(dx, upstream, taps, weight):
    """What a block of the gradient waits for: the one before it, or, the first, the upstream
    gradient, without which it would be merged with the forward pass; None lets it be merged."""
    if dx is None:
        return None if taps == weight.shape[0] else upstream
    return dx


def _plus(total, term):
    return term if total is None else total + term


class _ProjectThenSample:
    """Multiplies the un-sampled map by the weights of a block of taps, then samples that."""

    def __init__(self, taps_per_block):
        self._taps = taps_per_block

    def forward(self, x, pixel, coefficient, weight):
        """x [P, Cin], pixel and coefficient [N, 4, K], weight [K, Cin, Cout] to [N, Cout]."""
        total = None
        for rows, factors, matrix in self._blocks(pixel, coefficient, weight):
            projected = self._project(after(total, x), matrix)
            total = _plus(total, _weigh(tf.gather(projected, rows), factors))
        return total

    def backward(self, x, pixel, coefficient, weight, upstream):
        """Returns the gradients of x, coefficient and weight from the output's, [N, Cout]."""
        dx, dfactors, dmatrices = None, [], []
        c_out = upstream.shape[-1]
        for rows, factors, matrix in self._blocks(pixel, coefficient, weight):
            x_block = after(_waits_for(dx, upstream, self._taps, weight), x)
            projected = self._project(x_block, matrix)
            dfactors.append(_dot(tf.gather(projected, rows), upstream))
            dprojected = tf.math.unsorted_segment_sum(
                tf.matmul(factors[..., tf.newaxis], upstream[:, tf.newaxis]),
                rows,
                tf.shape(x)[0] * self._taps,
            )
            dprojected = tf.reshape(dprojected, [-1, self._taps * c_out])
            dx = _plus(dx, tf.matmul(dprojected, matrix, transpose_b=True))
            dmatrices.append(tf.matmul(x_block, dprojected, transpose_a=True))
        dweight = tf.reshape(tf.stack(dmatrices), [-1, weight.shape[1], self._taps, c_out])
        dweight = tf.reshape(tf.transpose(dweight, [0, 2, 1, 3]), weight.shape)
        dfactors = [tf.reshape(each, [-1, 4, self._taps]) for each in dfactors]
        return dx, tf.concat(dfactors, axis=-1), dweight

    def _project(self, x, matrix):
        return tf.reshape(tf.matmul(x, matrix), [-1, matrix.shape[1] // self._taps])

    def _blocks(self, pixel, coefficient, weight):
        """Yields rows [N, 4 * taps] of the products, factors, weights [Cin, taps * Cout]."""
        num_taps, c_in, c_out = weight.shape
        rows = pixel * self._taps + tf.range(num_taps) % self._taps
        blocks = num_taps // self._taps
        weight = tf.transpose(tf.reshape(weight, [blocks, self._taps, c_in, c_out]), [0, 2, 1, 3])
        return zip(
            [tf.reshape(part, [-1, 4 * self._taps]) for part in tf.split(rows, blocks, axis=2)],
            [
                tf.reshape(part, [-1, 4 * self._taps])
                for part in tf.split(coefficient, blocks, axis=2)
            ],
            tf.unstack(tf.reshape(weight, [blocks, c_in, self._taps * c_out])),
        )


class _SampleThenProject:
    """Samples the map for a block of taps, then multiplies the samples by the weights."""

    def __init__(self, taps_per_block):
        self._taps = taps_per_block

    def forward(self, x, pixel, coefficient, weight):
        """x [P, Cin], pixel and coefficient [N, 4, K], weight [K, Cin, Cout] to [N, Cout]."""
        total = None
        for rows, factors, matrix in self._blocks(pixel, coefficient, weight):
            samples = _weigh(tf.gather(after(total, x), rows), factors)
            total = _plus(total, tf.matmul(self._flat(samples), matrix))
        return total

    def backward(self, x, pixel, coefficient, weight, upstream):
        """Returns the gradients of x, coefficient and weight from the output's, [N, Cout]."""
        dx, dfactors, dmatrices = None, [], []
        c_in = x.shape[-1]
        for rows, factors, matrix in self._blocks(pixel, coefficient, weight):
            dsamples = tf.matmul(upstream, matrix, transpose_b=True)
            dsamples = tf.reshape(dsamples, [-1, self._taps, c_in])
            x_block = after(_waits_for(dx, upstream, self._taps, weight), x)
            values = tf.gather(x_block, rows)
            dfactors.append(_dot(values, dsamples))
            samples = self._flat(_weigh(values, factors))
            dmatrices.append(tf.matmul(samples, upstream, transpose_a=True))
            dx_block = tf.math.unsorted_segment_sum(
                tf.matmul(factors[..., tf.newaxis], dsamples[:, :, tf.newaxis]),
                rows,
                tf.shape(x)[0],
            )
            dx = _plus(dx, dx_block)
        dweight = tf.reshape(tf.concat(dmatrices, axis=0), weight.shape)
        return dx, tf.transpose(tf.concat(dfactors, axis=1), [0, 2, 1]), dweight

    def _flat(self, samples):
        return tf.reshape(samples, [-1, self._taps * samples.shape[-1]])

    def _blocks(self, pixel, coefficient, weight):
        """Yields rows of the map [N, taps, 4], their factors, and weights [taps * Cin, Cout]."""
        num_taps, c_in, c_out = weight.shape
        blocks = num_taps // self._taps
        return zip(
            tf.split(tf.transpose(pixel, [0, 2, 1]), blocks, axis=1),
            tf.split(tf.transpose(coefficient, [0, 2, 1]), blocks, axis=1),
            tf.unstack(tf.reshape(weight, [blocks, self._taps * c_in, c_out])),
        )
