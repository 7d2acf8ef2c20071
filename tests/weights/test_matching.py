"""Rules, layouts and the bias of deformable convolutions, on layers small enough to see through."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.errors import UserError
from centernet_tf.layers.deformable_conv2d import DeformableConv2D
from centernet_tf.layers.group_norm import GroupNorm
from centernet_tf.layers.level_scale import LevelScale
from centernet_tf.weights import mmdet, xingyizhou
from centernet_tf.weights.match_table import match_table
from centernet_tf.weights.matching import match_weights
from centernet_tf.weights.pytorch_file import open_pytorch_file
from centernet_tf.weights.rules import COUNTERS, XY_TO_YX, Rule, readings
from tests.weights.pth_writer import ordered, tensor, write


def one_layer(layer, channels=3, size=6):
    images = keras.Input([size, size, channels])
    return keras.Model(images, layer(images))


def stored(tmp_path, **values):
    content = {key.replace("__", "."): tensor(np.float32(value)) for key, value in values.items()}
    return open_pytorch_file(write(tmp_path / "a.pth", ordered(content))).tensors


def imported(tmp_path, layer, **values):
    """The layer after it has taken the values of a module of the same name."""
    network = one_layer(layer)
    named = {f"{layer.name}__{key}": value for key, value in values.items()}
    matching = match_weights(network, stored(tmp_path, **named), [Rule(r"(\w+)", (r"\1",))])
    assert not matching.missing and not matching.mismatched and not matching.unused
    matching.assign()
    return network


def test_convolution(tmp_path, rng):
    kernel, bias = rng.normal(size=[2, 3, 3, 3]), rng.normal(size=[2])
    network = imported(tmp_path, keras.layers.Conv2D(2, 3, name="a"), weight=kernel, bias=bias)
    image = rng.normal(size=[6, 6, 3]).astype(np.float32)
    # PyTorch: out, in, y, x; the value of one cell by hand.
    expected = (kernel * image[1:4, 2:5].transpose(2, 0, 1)).sum(axis=(1, 2, 3)) + bias
    np.testing.assert_allclose(network(image[np.newaxis])[0, 1, 2], expected, rtol=1e-4, atol=1e-5)


def test_transposed_convolution(tmp_path, rng):
    kernel = rng.normal(size=[3, 2, 4, 4])
    layer = keras.layers.Conv2DTranspose(2, 4, 2, "same", use_bias=False, name="a")
    network = imported(tmp_path, layer, weight=kernel)
    image = rng.normal(size=[6, 6, 3]).astype(np.float32)
    # Every cell throws its kernel onto the doubled map; padding 1 cuts the rim off.
    whole = np.zeros([14, 14, 2])
    for y in range(6):
        for x in range(6):
            whole[2 * y : 2 * y + 4, 2 * x : 2 * x + 4] += np.einsum(
                "i,ioyx->yxo", image[y, x], kernel
            )
    np.testing.assert_allclose(network(image[np.newaxis])[0], whole[1:-1, 1:-1], atol=1e-5)


def test_depthwise_convolution(tmp_path, rng):
    kernel = rng.normal(size=[3, 1, 3, 3])
    layer = keras.layers.DepthwiseConv2D(3, use_bias=False, name="a")
    network = imported(tmp_path, layer, weight=kernel)
    image = rng.normal(size=[6, 6, 3]).astype(np.float32)
    expected = (kernel[:, 0] * image[:3, :3].transpose(2, 0, 1)).sum(axis=(1, 2))
    np.testing.assert_allclose(network(image[np.newaxis])[0, 0, 0], expected, atol=1e-5)


def test_normalisations_and_scales(tmp_path, rng):
    values = {name: rng.uniform(0.5, 2, [4]) for name in ("weight", "bias")}
    running = {name: rng.uniform(0.5, 2, [4]) for name in ("running_mean", "running_var")}
    images = keras.Input([2, 2, 4])
    x = keras.layers.BatchNormalization(epsilon=1e-5, name="bn")(images)
    network = keras.Model(images, LevelScale(name="s")(GroupNorm(2, name="gn")(x)))
    given = {f"bn__{key}": value for key, value in {**values, **running}.items()}
    given |= {f"gn__{key}": value for key, value in values.items()} | {"s__scale": 3.0}
    given["bn__num_batches_tracked"] = 5
    rule = [Rule(r"(\w+)", (r"\1",))]
    matching = match_weights(network, stored(tmp_path, **given), rule, [COUNTERS])
    assert matching.unused == {"bn.num_batches_tracked": COUNTERS.reason}
    matching.assign()
    x = rng.normal(size=[1, 2, 2, 4])
    y = (x - running["running_mean"]) / np.sqrt(running["running_var"] + 1e-5)
    y = (y * values["weight"] + values["bias"]).reshape(1, 4, 2, 2)
    mean, variance = y.mean(axis=(1, 3), keepdims=True), y.var(axis=(1, 3), keepdims=True)
    y = ((y - mean) / np.sqrt(variance + 1e-5)).reshape(x.shape)
    expected = 3 * (y * values["weight"] + values["bias"])
    np.testing.assert_allclose(network(x.astype(np.float32)), expected, rtol=1e-3, atol=1e-4)


def deformable(use_bias):
    images = keras.Input([6, 6, 3])
    x = DeformableConv2D(2, use_bias=use_bias, name="neck0_dcn")(images)
    x = keras.layers.BatchNormalization(epsilon=1e-5, name="neck0_norm")(x)
    return keras.Model(images, x)


def deformable_weights(rng, offset="conv_offset_mask", bias=True):
    prefix, old = "deconv_layers__0__", {"weight": rng.normal(size=[2, 3, 3, 3])}
    values = {f"{prefix}{key}": value for key, value in old.items()}
    values[f"{prefix}{offset}__weight"] = rng.normal(size=[27, 3, 3, 3])
    values[f"{prefix}{offset}__bias"] = rng.normal(size=[27])
    if bias:
        values[f"{prefix}bias"] = rng.normal(size=[2])
    for name in ("weight", "bias", "running_mean", "running_var"):
        values[f"deconv_layers__1__{name}"] = rng.uniform(0.5, 2, [2])
    return values


def test_the_bias_of_a_deformable_convolution_is_kept_or_folded(tmp_path, rng):
    tensors = stored(tmp_path, **deformable_weights(rng))
    image = tf.constant(rng.normal(size=[1, 6, 6, 3]), tf.float32)
    results = []
    for use_bias in (True, False):
        network = deformable(use_bias)
        matching = match_weights(network, tensors, xingyizhou.rules(network))
        assert not matching.missing and not matching.unused and not matching.zeros
        assert matching.folded == (() if use_bias else ("deconv_layers.0.bias",))
        matching.assign()
        results.append(network(image, training=False))
    np.testing.assert_allclose(*results, atol=1e-5)
    assert "folded          1" in match_table(matching, "a.pth")


def test_a_bias_of_another_size_is_not_folded(tmp_path, rng):
    values = deformable_weights(rng) | {"deconv_layers__0__bias": rng.normal(size=[3])}
    network = deformable(use_bias=False)
    matching = match_weights(network, stored(tmp_path, **values), xingyizhou.rules(network))
    assert matching.mismatched == (("deconv_layers.0.bias", (3,), (2,)),)


@pytest.mark.parametrize(
    "values, dtype, words",
    [
        ([1, 2], np.int8, "is of int8; only floating-point weights"),
        ([1 + 2j, 3], np.complex64, "is of complex64"),
        ([1.0, 1e300], np.float64, "not finite in float32"),
        ([1.0, -1e-3], np.float32, "negative values, which no variance has"),
    ],
)
def test_values_that_are_no_weights(tmp_path, recwarn, values, dtype, words):
    network = one_layer(keras.layers.BatchNormalization(name="a"), 2)
    content = {"a.running_var": tensor(np.array(values, dtype))}
    tensors = open_pytorch_file(write(tmp_path / "a.pth", ordered(content))).tensors
    matching = match_weights(network, tensors, [Rule("a", ("a",))])
    with pytest.raises(UserError, match=rf"^a.running_var .*{words}"):
        matching.assign()
    assert not recwarn.list


def test_a_missing_bias_is_zero(tmp_path, rng):
    tensors = stored(tmp_path, **deformable_weights(rng, bias=False))
    network = deformable(use_bias=True)
    network.get_layer("neck0_dcn").bias.assign([3.0, 4.0])
    matching = match_weights(network, tensors, xingyizhou.rules(network))
    assert not matching.missing
    matching.assign()
    np.testing.assert_array_equal(network.get_layer("neck0_dcn").bias, [0, 0])
    assert "neck0_dcn/bias" not in match_table(matching, "a.pth").split("missing")[1].split("\n")[0]


@pytest.mark.parametrize(
    "key, pairs",
    [
        ("layer1.0.bn1.running_mean", [("layer1.0.bn1", "running_mean")]),
        (
            "a.0.conv_offset_mask.weight",
            [("a.0", "offset.weight"), ("a.0.conv_offset_mask", "weight")],
        ),
        (
            "a.0.conv.conv_offset.bias",
            [
                ("a.0.conv", "offset.bias"),
                ("a.0.conv.conv", "offset.bias"),
                ("a.0.conv.conv_offset", "bias"),
            ],
        ),
        # As mmcv named it before it renamed it on reading.
        (
            "layer2.0.conv2_offset.bias",
            [("layer2.0.conv2", "offset.bias"), ("layer2.0.conv2_offset", "bias")],
        ),
        ("bbox_head.offset_head.0.weight", [("bbox_head.offset_head.0", "weight")]),
        ("scale", [("", "scale")]),
    ],
)
def test_what_keys_can_mean(key, pairs):
    assert readings(key) == pairs


@pytest.mark.parametrize(
    "kernel, offset, layer",
    [
        ("neck__deconv_layers__0__conv", "neck__deconv_layers__0__conv__conv_offset", "neck0_dcn"),
        ("neck__deconv_layers__0__conv", "neck__deconv_layers__0__conv_offset", "neck0_dcn"),
        # Within the stages of a ResNet.
        (
            "backbone__layer2__3__conv2",
            "backbone__layer2__3__conv2__conv_offset",
            "stage2_block3_2_dcn",
        ),
        ("backbone__layer2__3__conv2", "backbone__layer2__3__conv2_offset", "stage2_block3_2_dcn"),
    ],
)
def test_new_and_old_names_of_offsets(tmp_path, rng, kernel, offset, layer):
    values = {
        f"{kernel}__weight": rng.normal(size=[2, 3, 3, 3]),
        f"{offset}__weight": rng.normal(size=[27, 3, 3, 3]),
        f"{offset}__bias": rng.normal(size=[27]),
    }
    network = one_layer(DeformableConv2D(2, use_bias=False, name=layer))
    matching = match_weights(network, stored(tmp_path, **values), mmdet.rules(network))
    assert not matching.missing and not matching.unused
    matching.assign()
    found = network.get_layer(layer).offset_bias
    np.testing.assert_allclose(found, values[f"{offset}__bias"], rtol=1e-6)


@pytest.mark.parametrize("order", [[1, 0], [1, 0, 3, 2]], ids=["once", "for each of two classes"])
def test_turned_channels(tmp_path, rng, order):
    kernel, bias = rng.normal(size=[len(order), 3, 1, 1]), rng.normal(size=[len(order)])
    network = one_layer(keras.layers.Conv2D(len(order), 1, name="a"))
    tensors = stored(tmp_path, a__weight=kernel, a__bias=bias)
    match_weights(network, tensors, [Rule("a", ("a",), XY_TO_YX, (2, 1, 0))]).assign()
    expected = kernel[order][:, ::-1, 0, 0].T
    np.testing.assert_allclose(network.get_layer("a").kernel[0, 0], expected, rtol=1e-6)
    np.testing.assert_allclose(network.get_layer("a").bias, bias[order], rtol=1e-6)


def test_two_weights_for_one_variable_are_not_both_used(tmp_path):
    network = one_layer(keras.layers.Conv2D(1, 1, use_bias=False, name="a"))
    tensors = stored(tmp_path, a__weight=np.ones([1, 3, 1, 1]), b__weight=np.ones([1, 3, 1, 1]))
    matching = match_weights(network, tensors, [Rule(r"\w", ("a",))])
    assert list(matching.unused.items()) == [("b.weight", "")]


def test_numbers_that_are_not_finite(tmp_path):
    network = one_layer(keras.layers.Conv2D(1, 1, use_bias=False, name="a"))
    tensors = stored(tmp_path, a__weight=np.full([1, 3, 1, 1], np.nan))
    with pytest.raises(UserError, match="a.weight has values that are not finite"):
        match_weights(network, tensors, [Rule("a", ("a",))]).assign()
