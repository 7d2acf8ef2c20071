"""The depthwise transposed convolution against the plain sum, eager, XLA, TFLite, gradients."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.depthwise_deconv import depthwise_deconv2d

SHAPES = [(2, 3, 5, 4), (4, 2, 3, 3)]


def naive(x, kernel):
    """Every cell spreads its value times the kernel; f / 2 cells are cut at each side."""
    factor = kernel.shape[0] // 2
    batch, height, width, channels = x.shape
    full = np.zeros([batch, factor * (height + 1), factor * (width + 1), channels])
    for y in range(height):
        for c in range(width):
            window = full[:, factor * y :, factor * c :][:, : 2 * factor, : 2 * factor]
            window += x[:, y, c][:, None, None] * kernel[None, :, :, :, 0]
    half = factor // 2
    return full[:, half : half + factor * height, half : half + factor * width]


def draw(rng, factor, height, width, channels):
    x = rng.normal(size=(2, height, width, channels)).astype(np.float32)
    return x, rng.normal(size=(2 * factor, 2 * factor, channels, 1)).astype(np.float32)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("jit", [None, True])
def test_values_and_gradients(rng, shape, jit):
    x, kernel = draw(rng, *shape)
    expected = naive(x, kernel)
    upstream = rng.normal(size=expected.shape).astype(np.float32)

    def value_and_gradients(x, kernel):
        with tf.GradientTape() as tape:
            tape.watch([x, kernel])
            y = depthwise_deconv2d(x, kernel)
        return y, tape.gradient(y, [x, kernel], output_gradients=upstream)

    function = tf.function(value_and_gradients, jit_compile=jit) if jit else value_and_gradients
    y, (x_gradient, kernel_gradient) = function(tf.constant(x), tf.constant(kernel))
    np.testing.assert_allclose(y, expected, atol=1e-5)
    # The map is linear in each argument: <upstream, f(v)> is the gradient's product with v.
    for direction in range(3):
        other, taps = draw(np.random.default_rng(direction), *shape)
        np.testing.assert_allclose(
            np.sum(upstream * naive(other, kernel)),
            np.sum(other * x_gradient),
            rtol=1e-4,
            atol=1e-3,
        )
        np.testing.assert_allclose(
            np.sum(upstream * naive(x, taps)), np.sum(taps * kernel_gradient), rtol=1e-4, atol=1e-3
        )


@pytest.mark.parametrize("shape", SHAPES)
def test_tflite_with_builtin_operations(rng, shape):
    x, kernel = draw(rng, *shape)
    function = tf.function(lambda x: depthwise_deconv2d(x, tf.constant(kernel)))
    concrete = function.get_concrete_function(tf.TensorSpec(x.shape, tf.float32))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(found, naive(x, kernel), atol=1e-5)
