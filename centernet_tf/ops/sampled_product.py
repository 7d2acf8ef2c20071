"""The product of sampled taps with their weights, and a gradient that keeps nothing but its inputs.

For every output pixel n the product is the sum over taps k and the four pixels j of the tap's
square of `coefficient[n, j, k] * x[pixel[n, j, k]] @ weight[k]`. Sampling is linear, so it can
follow the product with the weights (`_ProjectThenSample` samples Cout values a neighbour) or
precede it (`_SampleThenProject` samples Cin values). Both go through the taps in blocks, one after
the other, so that nothing much bigger than `BLOCK_BYTES` is needed at a time; batches and maps of
unknown size count as 1 there.

The gradient looks for the taps and samples again instead of keeping what was found. Where forward
and backward pass are one graph, TensorFlow's optimiser would merge what both compute, and keep it
in between, if the second did not wait for the upstream gradient. Only where one block holds all
taps may it merge the projected map, which saves one of four matrix products.
"""

import tensorflow as tf

from centernet_tf.ops.custom_gradient import custom_gradient
from centernet_tf.ops.tap_blocks import after, taps_per_block
from centernet_tf.ops.weighted_rows import dot_rows, is_sparse, spread, weighted_sum

# The cost of gathering and weighing one value, in multiply-adds of a matrix product, on a CPU.
_GATHER_COST = 50


def sampled_product(x, offset, mask, weight, taps):
    """Samples a map at weighted pixels and multiplies by one matrix a tap, in the cheaper order.

    Args:
      x: float [B, H, W, Cin].
      offset: float32 [B, Ho, Wo, K * 2].
      mask: float32 [B, Ho, Wo, K].
      weight: [K, Cin, Cout] in the dtype of `x`.
      taps: where the taps look and with which weights, (offset, mask) -> (corner, weight) as
        `bilinear_taps` gives them.

    Returns:
      [B, Ho * Wo, Cout], differentiable once in x, offset, mask and weight.
    """
    batch, height, width = tf.unstack(tf.shape(x)[:3])
    num_taps, c_in, c_out = weight.shape
    projects = _projects_first(x, mask, weight)
    order = (_ProjectThenSample if projects else _SampleThenProject)(
        taps_per_block(mask.shape[:3], num_taps, 4 * (c_out if projects else c_in) * x.dtype.size),
        is_sparse(x.dtype),
    )

    def squares(offset, mask):
        """Pixels, counted through the batch, and their coefficients, [B * Ho * Wo, 4, K] each."""
        corner, coefficient = taps(offset, mask)
        corner += (tf.range(batch) * height * width)[:, tf.newaxis, tf.newaxis]
        corner = tf.reshape(corner, [-1, 1, num_taps])
        pixel = tf.concat([corner, corner + 1, corner + width, corner + width + 1], axis=1)
        return pixel, tf.cast(tf.reshape(coefficient, [-1, 4, num_taps]), x.dtype)

    @custom_gradient
    def product(x, offset, mask, weight):
        def gradient(upstream):
            fields = after(upstream, offset), after(upstream, mask)
            with tf.GradientTape() as tape:
                tape.watch(fields)
                pixel, coefficient = squares(*fields)
            dx, dcoefficient, dweight = order.backward(x, pixel, coefficient, weight, upstream)
            return dx, *tape.gradient(coefficient, fields, dcoefficient), dweight

        return order.forward(x, *squares(offset, mask), weight), gradient

    output = product(tf.reshape(x, [-1, c_in]), offset, mask, weight)
    return tf.reshape(output, [batch, -1, c_out])


def _projects_first(x, mask, weight):
    pixels, outputs = ((each.shape[1] or 1) * (each.shape[2] or 1) for each in (x, mask))
    _, c_in, c_out = weight.shape
    project = pixels * c_in * c_out + 4 * outputs * c_out * _GATHER_COST
    sample = outputs * c_in * c_out + 4 * outputs * c_in * _GATHER_COST
    return project <= sample


def _waits_for(done, upstream, taps, weight):
    """What a block of the gradient waits for: the one before it, or, the first, the upstream
    gradient, without which it would be merged with the forward pass; None lets it be merged."""
    if not done:
        return None if taps == weight.shape[0] else upstream
    return done


def _plus(total, term):
    return term if total is None else total + term


class _ProjectThenSample:
    """Multiplies the un-sampled map by the weights of a block of taps, then samples that."""

    def __init__(self, taps_per_block, sparse):
        self._taps, self._sparse = taps_per_block, sparse

    def forward(self, x, pixel, coefficient, weight):
        """x [P, Cin], pixel and coefficient [N, 4, K], weight [K, Cin, Cout] to [N, Cout]."""
        total = None
        for rows, factors, matrix in self._blocks(pixel, coefficient, weight):
            projected = self._project(after(total, x), matrix)
            total = _plus(total, weighted_sum(projected, rows, factors, self._sparse))
        return total

    def backward(self, x, pixel, coefficient, weight, upstream):
        """Returns the gradients of x, coefficient and weight from the output's, [N, Cout]."""
        dx, done, dfactors, dmatrices = None, [], [], []
        c_out = upstream.shape[-1]
        for rows, factors, matrix in self._blocks(pixel, coefficient, weight):
            x_block = after(_waits_for(done, upstream, self._taps, weight), x)
            projected = self._project(x_block, matrix)
            dfactors.append(dot_rows(projected, rows, upstream))
            dprojected = spread(upstream, rows, factors, tf.shape(x)[0] * self._taps, self._sparse)
            dprojected = tf.reshape(dprojected, [-1, self._taps * c_out])
            dx = _plus(dx, tf.matmul(dprojected, matrix, transpose_b=True))
            dmatrices.append(tf.matmul(x_block, dprojected, transpose_a=True))
            done = [dx, dfactors[-1], dmatrices[-1]]
        dweight = tf.reshape(tf.stack(dmatrices), [-1, weight.shape[1], self._taps, c_out])
        dweight = tf.reshape(tf.transpose(dweight, [0, 2, 1, 3]), weight.shape)
        dfactors = [tf.reshape(each, [-1, 4, self._taps]) for each in dfactors]
        return after(done, dx), tf.concat(dfactors, axis=-1), dweight

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

    def __init__(self, taps_per_block, sparse):
        self._taps, self._sparse = taps_per_block, sparse

    def forward(self, x, pixel, coefficient, weight):
        """x [P, Cin], pixel and coefficient [N, 4, K], weight [K, Cin, Cout] to [N, Cout]."""
        total = None
        for rows, factors, matrix in self._blocks(pixel, coefficient, weight):
            samples = weighted_sum(after(total, x), rows, factors, self._sparse)
            total = _plus(total, tf.matmul(self._flat(samples), matrix))
        return total

    def backward(self, x, pixel, coefficient, weight, upstream):
        """Returns the gradients of x, coefficient and weight from the output's, [N, Cout]."""
        dx, done, dfactors, dmatrices = None, [], [], []
        c_in = x.shape[-1]
        for rows, factors, matrix in self._blocks(pixel, coefficient, weight):
            dsamples = tf.matmul(upstream, matrix, transpose_b=True)
            dsamples = tf.reshape(dsamples, [-1, c_in])
            x_block = after(_waits_for(done, upstream, self._taps, weight), x)
            dfactors.append(tf.reshape(dot_rows(x_block, rows, dsamples), [-1, self._taps, 4]))
            samples = self._flat(weighted_sum(x_block, rows, factors, self._sparse))
            dmatrices.append(tf.matmul(samples, upstream, transpose_a=True))
            dx = _plus(dx, spread(dsamples, rows, factors, tf.shape(x)[0], self._sparse))
            done = [dx, dfactors[-1], dmatrices[-1]]
        dweight = tf.reshape(tf.concat(dmatrices, axis=0), weight.shape)
        return after(done, dx), tf.transpose(tf.concat(dfactors, axis=1), [0, 2, 1]), dweight

    def _flat(self, samples):
        return tf.reshape(samples, [-1, self._taps * samples.shape[-1]])

    def _blocks(self, pixel, coefficient, weight):
        """Yields rows of the map [N * taps, 4], their factors, and weights [taps * Cin, Cout]."""
        num_taps, c_in, c_out = weight.shape
        blocks = num_taps // self._taps

        def parts(values):
            values = tf.split(tf.transpose(values, [0, 2, 1]), blocks, axis=1)
            return [tf.reshape(part, [-1, 4]) for part in values]

        return zip(
            parts(pixel),
            parts(coefficient),
            tf.unstack(tf.reshape(weight, [blocks, self._taps * c_in, c_out])),
        )
