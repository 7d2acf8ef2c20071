"""What becomes int8 and what stays float32."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.errors import UserError
from centernet_tf.export import flatbuffer, quantize
from centernet_tf.export.tflite_convert import _convert
from centernet_tf.export.tflite_graphs import GraphPart


def convolve(x, weights, **options):
    return tf.nn.relu(tf.nn.conv2d(x, weights, padding="SAME", strides=1, **options))


@pytest.fixture(scope="module")
def weights():
    random = np.random.default_rng(3)
    shapes = [(3, 3, 3, 16), (3, 3, 16, 16), (3, 3, 16, 16), (3, 3, 16, 16), (1, 1, 16, 2)]
    return [np.float32(random.normal(0, 0.15, shape)) for shape in shapes]


@pytest.fixture(scope="module")
def part(weights):
    """A first convolution, two more with a sum, one whose result is gathered by, and a head."""

    def network(image):
        stem = convolve(image, weights[0])
        inner = convolve(convolve(stem, weights[1]), weights[2]) + stem
        shift = tf.cast(convolve(inner, weights[3])[..., 0], tf.int32) % 8
        picked = tf.gather(inner, shift[0, 0], axis=2)
        return {"out": tf.nn.conv2d(inner, weights[4], 1, "SAME"), "picked": picked}

    return GraphPart(network, [tf.TensorSpec([1, 8, 8, 3], tf.float32, name="image")])


@pytest.fixture(scope="module")
def calibrated(part):
    random = np.random.default_rng(4)
    images = [np.float32(random.normal(0, 1, [1, 8, 8, 3])) for _ in range(8)]
    return _convert(part, calibrate_by=lambda: iter(images))


def test_first_and_last_convolutions_stay_float(calibrated):
    counts = flatbuffer.count_operations(quantize.quantize(calibrated))
    assert counts["CONV_2D", "int8"] == 2
    assert counts["CONV_2D", "float32"] == 3
    assert counts["ADD", "int8"] == 1
    assert counts["GATHER", "float32"] == 1
    assert not [name for name, kind in counts if kind == "int8" and name in ("GATHER", "CAST")]


def test_quantises_before_a_pool_of_which_only_int8_is_made(weights, rng, monkeypatch):
    """Then the pool reads a quarter of the bytes; the values are the same, as it only selects."""

    def network(image):
        stem = convolve(image, weights[0])
        pooled = tf.nn.max_pool2d(tf.pad(stem, [[0, 0], [1, 1], [1, 1], [0, 0]]), 3, 2, "VALID")
        inner = convolve(pooled, weights[1]) + pooled
        also_read_as_float = tf.nn.max_pool2d(stem, 2, 2, "VALID")
        picked = tf.gather(also_read_as_float, [1, 0], axis=2)
        inner += convolve(also_read_as_float, weights[2])
        return {"out": tf.nn.conv2d(inner, weights[4], 1, "SAME"), "picked": picked}

    part = GraphPart(network, [tf.TensorSpec([1, 8, 8, 3], tf.float32, name="image")])
    images = [np.float32(rng.normal(0, 1, [1, 8, 8, 3])) for _ in range(8)]
    calibrated = _convert(part, calibrate_by=lambda: iter(images))
    quantized = quantize.quantize(calibrated)
    counts = flatbuffer.count_operations(quantized)
    assert counts["PAD", "int8"] == 1 and ("PAD", "float32") not in counts
    assert counts["MAX_POOL_2D", "int8"] == 1 and counts["MAX_POOL_2D", "float32"] == 1
    monkeypatch.setattr(quantize, "SELECTORS", ())
    after_the_pool = quantize.quantize(calibrated)
    assert flatbuffer.count_operations(after_the_pool)["MAX_POOL_2D", "float32"] == 2
    expected = part.run(image=tf.constant(images[0]))["out"].numpy()
    found, same = (
        tf.lite.Interpreter(model_content=model).get_signature_runner()(image=images[0])["out"]
        for model in (quantized, after_the_pool)
    )
    assert 0 < np.abs(found - expected).max() < 0.05 * np.abs(expected).max()
    np.testing.assert_array_equal(found, same)


def test_weights_take_a_quarter(calibrated, weights):
    quantized = quantize.quantize(calibrated)
    model = flatbuffer.parse(quantized)
    sizes = {}
    for tensor in model.subgraphs[0].tensors:
        if flatbuffer.is_constant(model, tensor):
            kind = flatbuffer.type_name(tensor)
            sizes[kind] = sizes.get(kind, 0) + len(model.buffers[tensor.buffer].data)
    assert sizes["int8"] == weights[1].size + weights[2].size


def test_says_nearly_the_same(calibrated, part, rng):
    image = np.float32(rng.normal(0, 1, [1, 8, 8, 3]))
    interpreter = tf.lite.Interpreter(model_content=quantize.quantize(calibrated))
    found = interpreter.get_signature_runner()(image=image)["out"]
    expected = part.run(image=tf.constant(image))["out"].numpy()
    assert 0 < np.abs(found - expected).max() < 0.05 * np.abs(expected).max()


def test_refuses_what_should_have_stayed_float(calibrated, monkeypatch):
    monkeypatch.setattr(quantize, "CARRIERS", ())
    monkeypatch.setattr(quantize, "float_tensors", lambda model: [])
    monkeypatch.setattr(quantize, "mlir_quantize", lambda model, **_: _naive(model))
    with pytest.raises(UserError, match="int8 of .*, which has to stay in float32"):
        quantize.quantize(calibrated)


def _naive(model):
    from tensorflow.lite.python.convert import mlir_quantize

    return mlir_quantize(model)
