"""Sampling with TensorFlow's own kernel against the portable form, whose tests hold the loops."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops import tap_blocks
from centernet_tf.ops.deform_conv import modulated_deform_conv2d
from centernet_tf.ops.kernel_sampling import kernel_sampling

# strides, padding, dilation, kernel, input channels, output channels
CASES = {
    "project": ((1, 1), (1, 1), (1, 1), (3, 3), 6, 4),
    "sample": ((1, 1), (1, 1), (1, 1), (3, 3), 4, 6),
    "strided": ((2, 1), (2, 1), (1, 2), (5, 3), 5, 2),
}


def arguments(rng, case, size=(7, 9), batch=2):
    strides, padding, dilation, kernel, c_in, c_out = case
    out = [
        (side + 2 * pad - step * (k - 1) - 1) // stride + 1
        for side, pad, step, k, stride in zip(size, padding, dilation, kernel, strides)
    ]
    taps = kernel[0] * kernel[1]
    values = (
        rng.normal(size=(batch, *size, c_in)),
        rng.normal(scale=2.0, size=(batch, *out, 2 * taps)),
        rng.uniform(size=(batch, *out, taps)),
        rng.normal(size=(*kernel, c_in, c_out)),
        rng.normal(size=c_out),
    )
    return [tf.constant(value, tf.float32) for value in values], (strides, padding, dilation)


def operations(function):
    return {node.type for node in function.get_concrete_function().graph.get_operations()}


def both_forms(inputs, geometry):
    """The portable result, and that of a graph which is seen to hold the kernel."""

    @tf.function
    def sampled():
        with kernel_sampling():
            return modulated_deform_conv2d(*inputs, *geometry)

    assert "CropAndResize" in operations(sampled)
    return modulated_deform_conv2d(*inputs, *geometry).numpy(), sampled().numpy()


@pytest.mark.parametrize("blocks", ["one block", "a tap a block"])
@pytest.mark.parametrize("name", CASES)
def test_equals_the_portable_form(rng, monkeypatch, name, blocks):
    if blocks == "a tap a block":
        monkeypatch.setattr(tap_blocks, "BLOCK_BYTES", 1)
    expected, actual = both_forms(*arguments(rng, CASES[name]))
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (3, 1)])
def test_maps_one_pixel_wide(rng, size):
    expected, actual = both_forms(*arguments(rng, CASES["project"], size=size))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_far_and_undefined_offsets_are_outside(rng):
    (x, offset, mask, weight, bias), geometry = arguments(rng, CASES["project"])
    offset = offset.numpy()
    offset[0, 0, 0, :6] = [1e30, 0, -1e30, np.inf, -np.inf, 3]
    offset[1, 6, 8, :2] = np.nan
    _, actual = both_forms([x, offset, mask, weight, bias], geometry)
    offset[0, 0, 0, :6] = offset[1, 6, 8, :2] = 99.0
    expected, _ = both_forms([x, offset, mask, weight, bias], geometry)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def sampled_with(inputs, geometry, sides):
    """A graph for maps of any batch size, and of any size where `sides` is false."""

    def spec(value):
        return tf.TensorSpec([None, *(value.shape[1:3] if sides else [None, None]), value.shape[3]])

    @tf.function(input_signature=[spec(value) for value in inputs[:3]])
    def call(x, offset, mask):
        with kernel_sampling():
            return modulated_deform_conv2d(x, offset, mask, *inputs[3:], *geometry)

    return call


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("batch", [1, 3])
def test_a_batch_of_unknown_size_is_sampled_in_known_shapes(rng, name, batch):
    inputs, geometry = arguments(rng, CASES[name], batch=batch)
    call = sampled_with(inputs, geometry, sides=True)
    expected = modulated_deform_conv2d(*inputs, *geometry)
    np.testing.assert_allclose(call(*inputs[:3]), expected, atol=1e-4)
    library = call.get_concrete_function().graph.as_graph_def(add_shapes=True).library.function
    kernels = [n for function in library for n in function.node_def if n.op == "CropAndResize"]
    # With an unknown number of samples TensorFlow's optimizer logs a warning for each kernel.
    assert len(kernels) == 1
    shape = kernels[0].attr["_output_shapes"].list.shape[0]
    assert all(side.size > 0 for side in shape.dim)


def test_maps_of_unknown_size_are_left_to_the_portable_form(rng):
    inputs, geometry = arguments(rng, CASES["project"])
    call = sampled_with(inputs, geometry, sides=False)
    assert "CropAndResize" not in operations(call)
    expected = modulated_deform_conv2d(*inputs, *geometry)
    np.testing.assert_allclose(call(*inputs[:3]), expected, atol=1e-4)


def test_only_where_it_was_asked_for_and_can_serve(rng):
    (x, *rest), geometry = arguments(rng, CASES["project"])

    def portable():
        with kernel_sampling():
            pass
        return modulated_deform_conv2d(x, *rest, *geometry)

    def half():
        with kernel_sampling():
            return modulated_deform_conv2d(tf.cast(x, tf.float16), *rest, *geometry)

    def grouped():
        with kernel_sampling():
            weight = tf.zeros([3, 3, 3, 4])
            return modulated_deform_conv2d(x, *rest[:2], weight, rest[3], *geometry, groups=2)

    for form in (portable, half, grouped):
        assert "CropAndResize" not in operations(tf.function(form))
