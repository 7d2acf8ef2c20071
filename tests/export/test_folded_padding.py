"""Padding by whole rows gives the values that padding by pixels gives."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.lite.python.convert import mlir_quantize

from centernet_tf.export import flatbuffer
from centernet_tf.export.folded_padding import with_folded_padding
from centernet_tf.export.interpreters import make_interpreter
from centernet_tf.export.tflite_convert import _convert
from centernet_tf.export.tflite_graphs import GraphPart

SHAPE = [1, 6, 10, 3]


def quantized(margins):
    """A convolution, a padding, and a max-pool, in int8."""
    random = np.random.default_rng(3)
    weights = np.float32(random.normal(0, 0.2, (3, 3, 3, 8)))

    def network(x):
        inner = tf.nn.relu(tf.nn.conv2d(x, weights, 1, "SAME") + 0.1)
        return {"out": tf.nn.max_pool2d(tf.pad(inner, margins), 3, 2, "VALID")}

    part = GraphPart(network, [tf.TensorSpec(SHAPE, tf.float32, name="x")])
    values = [np.float32(random.normal(0, 1, SHAPE)) for _ in range(8)]
    return mlir_quantize(_convert(part, calibrate_by=lambda: iter(values)))


def paddings(model):
    """The shapes that are padded."""
    parsed = flatbuffer.parse(model)
    graph = parsed.subgraphs[0]
    return [
        graph.tensors[operator.inputs[0]].shape.tolist()
        for operator in graph.operators
        if flatbuffer.kind(parsed, operator) == "PAD"
    ]


@pytest.mark.parametrize("library", ["tensorflow", "litert"])
@pytest.mark.parametrize("margins", [((1, 1), (1, 1)), ((0, 2), (3, 0)), ((0, 0), (1, 2))])
def test_has_the_same_values(margins, library, rng):
    if library == "litert":
        pytest.importorskip("ai_edge_litert.interpreter")
    model = quantized([(0, 0), *margins, (0, 0)])
    folded = with_folded_padding(model)
    assert paddings(model) == [[1, 6, 10, 8]] and paddings(folded) == [[1, 6, 1, 80]]
    x = np.float32(rng.normal(0, 1, SHAPE))
    found, expected = (
        make_interpreter(each, 1, library).get_signature_runner()(x=x)["out"]
        for each in (folded, model)
    )
    assert expected.std() > 0
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("margins", [((1, 1), (0, 0), (0, 0)), ((0, 0), (1, 1), (0, 2))])
def test_leaves_what_is_padded_otherwise(margins):
    """Rows alone are whole pieces already; channels are not columns."""
    model = quantized([(0, 0), *margins])
    assert paddings(with_folded_padding(model)) == paddings(model) == [[1, 6, 10, 8]]


def test_float_maps_stay_as_they_are():
    """XNNPACK makes their padding a part of the convolution that follows."""
    part = GraphPart(
        lambda x: {"out": tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])},
        [tf.TensorSpec(SHAPE, tf.float32, name="x")],
    )
    model = _convert(part)
    assert paddings(with_folded_padding(model)) == paddings(model) == [SHAPE]
