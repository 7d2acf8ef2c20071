import contextlib

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops import sampled_product, tap_blocks
from centernet_tf.ops.deform_conv import modulated_deform_conv2d
from centernet_tf.ops.weighted_rows import sparse_products

# strides, padding, dilation, groups, deformable_groups, kernel, input and output channels
CASES = {
    "plain": ((1, 1), (1, 1), (1, 1), 1, 1, (3, 3), 4, 3),
    "more_outputs_than_inputs": ((2, 2), (1, 1), (1, 1), 1, 1, (3, 3), 2, 6),
    "groups": ((2, 1), (2, 1), (1, 2), 2, 1, (5, 3), 4, 6),
    "groups_across_deformable_groups": ((1, 1), (1, 1), (1, 1), 2, 3, (3, 3), 6, 4),
}


def naive(x, offset, mask, weight, bias, strides, padding, dilation, groups, deformable_groups):
    """Every output value by loops, in float64."""
    batch, height, width, c_in = x.shape
    kernel_height, kernel_width, group_in, c_out = weight.shape
    taps = kernel_height * kernel_width
    out = np.zeros((batch, *mask.shape[1:3], c_out)) + bias

    def pixel(image, y, x_, channel):
        inside = 0 <= y < height and 0 <= x_ < width
        return image[y, x_, channel] if inside else 0.0

    for b, i, j, channel, tap in np.ndindex(batch, *mask.shape[1:3], c_in, taps):
        row, column = divmod(tap, kernel_width)
        entry = channel // (c_in // deformable_groups) * taps + tap
        y = i * strides[0] - padding[0] + row * dilation[0] + offset[b, i, j, 2 * entry]
        x_ = j * strides[1] - padding[1] + column * dilation[1] + offset[b, i, j, 2 * entry + 1]
        top, left = int(np.floor(y)), int(np.floor(x_))
        value = sum(
            (1 - abs(y - (top + dy)))
            * (1 - abs(x_ - (left + dx)))
            * pixel(x[b], top + dy, left + dx, channel)
            for dy in (0, 1)
            for dx in (0, 1)
        )
        group = channel // group_in
        outputs = slice(group * c_out // groups, (group + 1) * c_out // groups)
        out[b, i, j, outputs] += (
            mask[b, i, j, entry] * value * weight[row, column, channel % group_in, outputs]
        )
    return out


def arrays(rng, case, size=(5, 6), batch=2, spread=1.5):
    strides, padding, dilation, groups, deformable_groups, kernel, c_in, c_out = case
    out = [
        (side + 2 * pad - step * (k - 1) - 1) // stride + 1
        for side, pad, step, k, stride in zip(size, padding, dilation, kernel, strides)
    ]
    fields = deformable_groups * kernel[0] * kernel[1]
    return (
        rng.normal(size=(batch, *size, c_in)),
        rng.normal(scale=spread, size=(batch, *out, 2 * fields)),
        rng.uniform(size=(batch, *out, fields)),
        rng.normal(size=(*kernel, c_in // groups, c_out)),
        rng.normal(size=c_out),
    )


def tensors(values, dtype=tf.float32):
    return [tf.constant(value, dtype) for value in values]


def relative_error(actual, expected):
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    assert actual.shape == expected.shape
    return np.abs(actual - expected).max() / max(np.abs(expected).max(), 1e-6)


def with_gradients(inputs, arguments, upstream):
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        output = modulated_deform_conv2d(*inputs, *arguments)
    return output, tape.gradient(output, inputs, output_gradients=upstream)


def run(mode, inputs, arguments, upstream):
    def call():
        return with_gradients(inputs, arguments, upstream)

    wrap = {
        "eager": lambda f: f,
        "graph": tf.function,
        "xla": lambda f: tf.function(f, jit_compile=True),
        "sparse": lambda f: tf.function(sparse_products()(f)),
    }
    return wrap[mode](call)()


@pytest.mark.parametrize("mode", ["eager", "graph", "xla", "sparse"])
@pytest.mark.parametrize("name", CASES)
def test_equals_the_naive_loops(rng, name, mode):
    values = arrays(rng, CASES[name])
    expected = naive(*values, *CASES[name][:5])
    upstream = tf.constant(rng.normal(size=expected.shape), tf.float32)
    output, _ = run(mode, tensors(values), CASES[name][:5], upstream)
    assert relative_error(output, expected) < 1e-5


@pytest.mark.parametrize("mode", ["graph", "xla", "sparse"])
@pytest.mark.parametrize("name", CASES)
def test_gradients_equal_difference_quotients_of_the_naive_loops(rng, name, mode):
    values = arrays(rng, CASES[name], size=(4, 3), batch=1)
    upstream = rng.normal(size=naive(*values, *CASES[name][:5]).shape)
    _, gradients = run(mode, tensors(values), CASES[name][:5], tf.constant(upstream, tf.float32))
    for which, gradient in enumerate(gradients):
        flat = values[which].reshape(-1)
        for index in rng.choice(flat.size, size=min(flat.size, 8), replace=False):
            kept, step, sides = flat[index], 1e-6, []
            for sign in (1, -1):
                flat[index] = kept + sign * step
                sides.append((naive(*values, *CASES[name][:5]) * upstream).sum())
            flat[index] = kept
            quotient = (sides[0] - sides[1]) / (2 * step)
            np.testing.assert_allclose(np.ravel(gradient)[index], quotient, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("mode", ["eager", "sparse"])
@pytest.mark.parametrize("blocks", ["one block", "a tap a block"])
@pytest.mark.parametrize("order", ["_ProjectThenSample", "_SampleThenProject"])
def test_both_orders_agree_however_they_are_cut(rng, monkeypatch, order, blocks, mode):
    values = arrays(rng, CASES["plain"])
    inputs, arguments = tensors(values), CASES["plain"][:5]
    upstream = tf.constant(rng.normal(size=(2, 5, 6, 3)), tf.float32)
    expected = with_gradients(inputs, arguments, upstream)
    monkeypatch.setattr(sampled_product, "_projects_first", lambda *_: order.startswith("_Project"))
    if blocks == "a tap a block":
        monkeypatch.setattr(tap_blocks, "BLOCK_BYTES", 1)
    actual = run(mode, inputs, arguments, upstream)
    for one, other in zip(tf.nest.flatten(actual), tf.nest.flatten(expected)):
        assert relative_error(one, other) < 1e-5


def test_zero_offsets_and_full_masks_are_a_plain_convolution(rng):
    x, _, _, weight, bias = tensors(arrays(rng, CASES["plain"]))
    output = modulated_deform_conv2d(
        x, tf.zeros([2, 5, 6, 18]), tf.ones([2, 5, 6, 9]), weight, bias
    )
    assert relative_error(output, tf.nn.conv2d(x, weight, 1, "SAME") + bias) < 1e-5


def test_gradient_at_integer_positions_is_the_right_one_and_none_at_minus_one(rng):
    x = tf.constant([[[[1.0], [3.0]], [[7.0], [4.0]]]])
    positions = [(0, 0), (0, 1), (1, 0), (-1, 0), (0, -1), (2, 0), (-1.5, 0)]
    offset = tf.constant(positions, tf.float32)[tf.newaxis, tf.newaxis]
    offset -= tf.constant([[0, j] for j in range(len(positions))], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(offset)
        output = modulated_deform_conv2d(
            x, offset, tf.ones([1, 1, len(positions), 1]), tf.ones([1, 1, 1, 1]), padding=(0, 0)
        )
    expected = [(6, 2), (1, -3), (-7, -3), (0, 0), (0, 0), (0, 0), (0, 0)]
    np.testing.assert_array_equal(output[0, 0, :, 0], [1, 3, 7, 0, 0, 0, 0])
    np.testing.assert_array_equal(tape.gradient(output, offset)[0, 0], expected)


@pytest.mark.parametrize("mode", ["eager", "sparse"])
@pytest.mark.parametrize("size", [(1, 1), (1, 4), (3, 1)])
def test_maps_one_pixel_wide(rng, size, mode):
    values = arrays(rng, CASES["plain"], size=size)
    output, _ = run(mode, tensors(values), CASES["plain"][:5], None)
    assert relative_error(output, naive(*values, *CASES["plain"][:5])) < 1e-5


@pytest.mark.parametrize("mode", ["eager", "sparse"])
def test_far_and_undefined_offsets_touch_nothing_else(rng, mode):
    values = arrays(rng, CASES["plain"])
    values[1][0, 0, 0, :4] = [1e30, 0, -1e30, np.inf]
    values[1][0, 4, 4, 0] = np.nan
    output = run(mode, tensors(values), CASES["plain"][:5], None)[0].numpy()
    values[1][0, 0, 0, :4] = 99
    expected = naive(*[np.nan_to_num(value) for value in values], *CASES["plain"][:5])
    rest = np.ones((2, 5, 6), bool)
    rest[0, 4, 4] = False
    assert relative_error(output[rest], expected[rest]) < 1e-5


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
def test_low_precision_is_close_and_finite(rng, dtype):
    values = arrays(rng, CASES["plain"])
    upstream = tf.ones([2, 5, 6, 3], dtype)
    output, gradients = with_gradients(tensors(values, dtype), CASES["plain"][:5], upstream)
    rounded = [np.asarray(value, np.float64) for value in tensors(values, dtype)]
    assert output.dtype == dtype
    assert relative_error(output, naive(*rounded, *CASES["plain"][:5])) < 0.05
    assert all(np.isfinite(np.asarray(gradient, np.float64)).all() for gradient in gradients)


@pytest.mark.parametrize("form", [contextlib.nullcontext, sparse_products])
def test_unknown_batch_and_map_size(rng, form):
    values = arrays(rng, CASES["plain"])
    signature = [tf.TensorSpec([None, None, None, value.shape[-1]]) for value in values[:3]]
    inputs = tensors(values)

    @tf.function(input_signature=signature)
    def call(x, offset, mask):
        with form():
            return modulated_deform_conv2d(x, offset, mask, *inputs[3:])

    expected = naive(*values, *CASES["plain"][:5])
    assert relative_error(call(*inputs[:3]), expected) < 1e-5


@pytest.mark.parametrize("name", CASES)
def test_converts_to_builtin_tflite_operations(rng, name):
    values = arrays(rng, CASES[name])
    inputs = tensors(values)

    @tf.function(input_signature=[tf.TensorSpec(value.shape) for value in values[:3]])
    def call(x, offset, mask):
        return modulated_deform_conv2d(x, offset, mask, *inputs[3:], *CASES[name][:5])

    module = tf.Module()
    module.call = call
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [call.get_concrete_function()], module
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    runner = interpreter.get_signature_runner()
    (actual,) = runner(**dict(zip(("x", "offset", "mask"), inputs))).values()
    assert relative_error(actual, naive(*values, *CASES[name][:5])) < 1e-5


def most_kept_for_the_gradient(function, inputs):
    """Values of the biggest tensor that a graph's forward pass hands to its backward pass."""
    concrete = tf.function(function).get_concrete_function(*inputs)
    _, backward = concrete._delayed_rewrite_functions.forward_backward()
    return max(tensor.shape.num_elements() for tensor in backward.inputs)


@pytest.mark.parametrize("c_in, c_out", [(24, 16), (16, 40)])
def test_forward_keeps_nothing_as_big_as_the_gathered_inputs(rng, c_in, c_out):
    values = arrays(rng, CASES["plain"][:6] + (c_in, c_out), size=(12, 12), batch=1)
    inputs = tensors(values)
    gathered = 12 * 12 * 9 * min(c_in, c_out)
    assert most_kept_for_the_gradient(modulated_deform_conv2d, inputs) < gathered / 2

    def keeps(x, weight):
        samples = tf.image.extract_patches(x, [1, 3, 3, 1], [1] * 4, [1] * 4, "SAME")
        return tf.matmul(samples**2, tf.reshape(weight, [-1, c_out]))

    assert most_kept_for_the_gradient(keeps, [inputs[0], inputs[3]]) >= gathered


@pytest.mark.parametrize("channels, offsets, message", [(5, 18, "5 input"), (4, 16, "18 offset")])
def test_shapes_that_do_not_fit(channels, offsets, message):
    with pytest.raises(ValueError, match=message):
        modulated_deform_conv2d(
            tf.zeros([1, 4, 4, channels]),
            tf.zeros([1, 4, 4, offsets]),
            tf.zeros([1, 4, 4, offsets // 2]),
            tf.zeros([3, 3, 4, 2]),
        )


GOLDEN = [
    "s1",
    "s2",
    "dil2",
    "dg2",
    "g2",
    "g2dg4s2dil2",
    "far",
    "nobias_k1",
    "asym_k5x3",
    "integer_offsets",
    "zero_offset_ones_mask",
    "neck_like",
]


@pytest.mark.parametrize("mode", ["eager", "graph", "xla", "sparse"])
@pytest.mark.parametrize("name", GOLDEN)
def test_equals_mmcv(testdata, name, mode):
    data = np.load(testdata / "golden" / "dcnv2.npz")

    def array(key):
        value = data[f"{name}.{key}"]
        layout = {"weight": (2, 3, 1, 0), "bias": (0,)}.get(key.replace("grad_", ""), (0, 2, 3, 1))
        return value.transpose(layout)

    keys = ["x", "offset", "mask", "weight"] + ["bias"] * (f"{name}.bias" in data)
    numbers = [int(number) for number in data[f"{name}.args"]]
    arguments = [*zip(numbers[0:6:2], numbers[1:6:2]), *numbers[6:]]
    if "bias" not in keys:
        arguments = [None, *arguments]
    upstream = tf.constant(array("grad_out"))
    inputs = tensors(array(key) for key in keys)
    output, gradients = run(mode, inputs, arguments, upstream)
    assert relative_error(output, array("out")) < 1e-4
    for key, gradient in zip(keys, gradients):
        assert relative_error(gradient, array(f"grad_{key}")) < 1e-3, key
