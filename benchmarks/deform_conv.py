"""Deformable against plain 3x3 convolution of the same shape, forward and with all gradients.

`forward` and `gradient` are the deformable product with given offsets and masks, as evaluation and
training run it on CPUs; `layer_forward` and `layer_gradient` add the layer's own offset
convolution; `portable_forward` and `portable_gradient` are the product in the operations that GPUs,
XLA and TFLite have too. All of it in graph mode; ratios are to the plain convolution's median in
the same run.
"""

import contextlib

import tensorflow as tf
from absl import flags

from benchmarks import report
from centernet_tf import cli
from centernet_tf.layers.deformable_conv2d import DeformableConv2D
from centernet_tf.ops.deform_conv import modulated_deform_conv2d
from centernet_tf.ops.weighted_rows import sparse_products

_JSON = flags.DEFINE_string("json", None, "File to write the results to.")
_BATCH = flags.DEFINE_multi_integer(
    "batch", [1, 4], "Batch sizes; those over 1 are marked _b<size>."
)
_REPEATS = flags.DEFINE_integer("repeats", 30, "Timed calls of each.")

# (input channels, output channels, side of the map): the three necks of resnet_dcn at 512x512.
_SHAPES = ((128, 64, 64), (256, 128, 32), (512, 256, 16))
_OFFSET_STDDEV_PX = 2.0


def _normal(shape, seed, stddev=1.0):
    return tf.random.stateless_normal(shape, (seed, 0), stddev=stddev)


def _graphs(product, inputs, upstream, form):
    """Returns forward alone and forward with all gradients, each a graph without arguments."""

    def forward():
        with form():
            return product(*inputs)

    def gradient():
        with form(), tf.GradientTape() as tape:
            tape.watch(inputs)
            output = product(*inputs)
            return output, tape.gradient(output, inputs, output_gradients=upstream)

    # Traced here, or TensorFlow would warn of one function traced for shape after shape.
    return {
        part.__name__: tf.function(part).get_concrete_function() for part in (forward, gradient)
    }


def _layer(c_in, c_out):
    """A layer whose predicted offsets and masks are as spread as the given ones."""
    layer = DeformableConv2D(c_out, use_bias=False)
    layer.build((None, None, None, c_in))
    stddev = _OFFSET_STDDEV_PX / (9 * c_in) ** 0.5
    layer.offset_kernel.assign(_normal(layer.offset_kernel.shape, 6, stddev))
    return layer


def _callables(batch, c_in, c_out, side):
    """Returns the graphs of one shape by (product, part)."""
    x = _normal((batch, side, side, c_in), 1)
    weight = _normal((3, 3, c_in, c_out), 2, (9 * c_in) ** -0.5)
    offset = _normal((batch, side, side, 18), 3, _OFFSET_STDDEV_PX)
    mask = tf.random.stateless_uniform((batch, side, side, 9), (4, 0))
    upstream = _normal((batch, side, side, c_out), 5)
    layer = _layer(c_in, c_out)

    def plain(x, weight):
        return tf.nn.conv2d(x, weight, 1, "SAME")

    def whole_layer(x, *_):
        return layer(x, training=True)

    portable, sparse = contextlib.nullcontext, sparse_products
    given = [x, offset, mask, weight]
    graphs = {
        "plain": _graphs(plain, [x, weight], upstream, portable),
        "deformable": _graphs(modulated_deform_conv2d, given, upstream, sparse),
        "portable": _graphs(modulated_deform_conv2d, given, upstream, portable),
        "layer": _graphs(whole_layer, [x, *layer.trainable_weights], upstream, sparse),
    }
    return {(name, part): graph for name, parts in graphs.items() for part, graph in parts.items()}


def _measure_shape(batch, c_in, c_out, side, repeats):
    """Returns the rows and the ratios of one shape."""
    tail = ("" if batch == 1 else f"_b{batch}") + f".{c_in}-{c_out}@{side}"
    graphs = _callables(batch, c_in, c_out, side)
    rows = report.measure(
        {f"{name}_{part}{tail}": graph for (name, part), graph in graphs.items()}, repeats
    )
    ratios = {}
    for part in ("forward", "gradient"):
        plain = rows[f"plain_{part}{tail}"]
        ratios[part + tail] = report.ratio(rows[f"deformable_{part}{tail}"], plain)
        for form in ("layer", "portable"):
            ratios[f"{form}_{part}{tail}"] = report.ratio(rows[f"{form}_{part}{tail}"], plain)
    return list(rows.values()), ratios


def main(_):
    rows, ratios = [], {}
    for batch in _BATCH.value:
        for shape in _SHAPES:
            shape_rows, shape_ratios = _measure_shape(batch, *shape, _REPEATS.value)
            rows += shape_rows
            ratios.update(shape_ratios)
    report.print_table(rows, ratios, batch=", ".join(map(str, _BATCH.value)))
    if _JSON.value:
        report.write_json(_JSON.value, rows, ratios)


if __name__ == "__main__":
    cli.run(main, required=())
