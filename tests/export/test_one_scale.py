"""Transposed convolutions with one scale say nearly the same as with a scale a channel."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.lite.python.convert import mlir_quantize

from centernet_tf.export import flatbuffer
from centernet_tf.export.one_scale import with_one_scale
from centernet_tf.export.tflite_convert import _convert
from centernet_tf.export.tflite_graphs import GraphPart


@pytest.fixture(scope="module")
def part():
    random = np.random.default_rng(3)
    # Channels of different size, so that their scales differ.
    weights = np.float32(random.normal(0, 0.1, (4, 4, 8, 16)) * np.linspace(0.5, 2, 8)[:, None])
    mixing = np.float32(random.normal(0, 0.3, (1, 1, 8, 8)))
    bias = np.float32(random.normal(0, 0.5, 8))

    def network(x):
        up = tf.nn.conv2d_transpose(x, weights, [1, 12, 10, 8], 2, "SAME")
        return {"out": tf.nn.conv2d(tf.nn.relu(up + bias), mixing, 1, "SAME")}

    return GraphPart(network, [tf.TensorSpec([1, 6, 5, 16], tf.float32, name="x")])


@pytest.fixture(scope="module")
def quantized(part):
    return quantize(part)


def quantize(part):
    random = np.random.default_rng(4)
    values = [np.float32(random.normal(0, 1, [1, 6, 5, 16])) for _ in range(8)]
    return mlir_quantize(_convert(part, calibrate_by=lambda: iter(values)))


def scales(model, kind):
    """How many scales the weights of each operation of a kind have."""
    parsed = flatbuffer.parse(model)
    graph = parsed.subgraphs[0]
    return [
        len(graph.tensors[operator.inputs[1]].quantization.scale)
        for operator in graph.operators
        if flatbuffer.kind(parsed, operator) == kind
    ]


def inputs(model, position):
    """Which tensor each transposed convolution has there."""
    parsed = flatbuffer.parse(model)
    return [
        operator.inputs[position]
        for operator in parsed.subgraphs[0].operators
        if flatbuffer.kind(parsed, operator) == "TRANSPOSE_CONV"
    ]


def run(model, x):
    return tf.lite.Interpreter(model_content=model).get_signature_runner()(x=x)["out"]


def test_only_transposed_convolutions_change(quantized):
    changed = with_one_scale(quantized)
    assert scales(quantized, "TRANSPOSE_CONV") == [8] and scales(quantized, "CONV_2D") == [8]
    assert scales(changed, "TRANSPOSE_CONV") == [1] and scales(changed, "CONV_2D") == [8]
    assert flatbuffer.count_operations(changed) == flatbuffer.count_operations(quantized)


def test_says_nearly_the_same(quantized, part, rng):
    x = np.float32(rng.normal(0, 1, [1, 6, 5, 16]))
    expected = part.run(x=tf.constant(x))["out"].numpy()
    spread = np.abs(expected).max()
    for model in (quantized, with_one_scale(quantized)):
        assert np.abs(run(model, x) - expected).max() < 0.04 * spread


@pytest.mark.parametrize("channels", [1, 8])
def test_weights_that_two_operations_share_are_rescaled_once(channels, rng):
    weights = np.float32(rng.normal(0, 0.1, (4, 4, channels, 16)))
    weights *= np.linspace(0.5, 2, channels, dtype=np.float32)[:, None]
    bias = np.float32(rng.normal(0, 0.5, channels))

    def network(x):
        # Inputs of different scale, so that the operations cannot share the bias.
        ups = [
            tf.nn.conv2d_transpose(each, weights, [1, 12, 10, channels], 2, "SAME") + bias
            for each in (x, 3.0 * x[:, :, ::-1])
        ]
        return {"out": tf.concat(ups, axis=-1)}

    part = GraphPart(network, [tf.TensorSpec([1, 6, 5, 16], tf.float32, name="x")])
    quantized = quantize(part)
    changed = with_one_scale(quantized)
    assert scales(quantized, "TRANSPOSE_CONV") == [channels] * 2
    assert scales(changed, "TRANSPOSE_CONV") == [1, 1]
    (one, other), biases = inputs(changed, 1), inputs(changed, 3)
    assert one == other and len(set(biases)) == 2
    x = np.float32(rng.normal(0, 1, [1, 6, 5, 16]))
    expected = part.run(x=tf.constant(x))["out"].numpy()
    assert np.abs(run(changed, x) - expected).max() < 0.04 * np.abs(expected).max()
