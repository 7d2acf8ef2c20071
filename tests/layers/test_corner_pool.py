"""Pooling layers saved and loaded; the modules against mmdet's vectors and against NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.layers.corner_pool import (
    CenterPool2D,
    CornerPool2D,
    cascade_corner_module,
    center_module,
    corner_module,
)

ACCUMULATED = {
    "top": lambda maps: np.maximum.accumulate(maps[:, ::-1], 1)[:, ::-1],
    "bottom": lambda maps: np.maximum.accumulate(maps, 1),
    "left": lambda maps: np.maximum.accumulate(maps[:, :, ::-1], 2)[:, :, ::-1],
    "right": lambda maps: np.maximum.accumulate(maps, 2),
}


def test_pooling_layers_are_saved_and_loaded(rng, tmp_path):
    maps = np.float32(rng.normal(size=[2, 5, 4, 3]))
    inputs = keras.Input([5, 4, 3])
    outputs = [CornerPool2D("left", "doubling")(inputs), CenterPool2D("row")(inputs)]
    keras.Model(inputs, outputs).save(tmp_path / "pools.keras")
    loaded = keras.models.load_model(tmp_path / "pools.keras")
    assert loaded.layers[1].method == "doubling"
    left, row = loaded(maps)
    np.testing.assert_array_equal(left, ACCUMULATED["left"](maps))
    np.testing.assert_array_equal(row, np.broadcast_to(maps.max(2, keepdims=True), maps.shape))


def build(module, features_shape, *arguments):
    features = keras.Input(features_shape)
    return keras.Model(features, module(features, *arguments))


def randomize(model, rng):
    for variable in model.weights:
        scale = 0.5 / np.sqrt(np.prod(variable.shape[:-1]))
        values = rng.normal(0.0, scale, variable.shape)
        if len(variable.shape) == 1:
            values = rng.uniform(0.5, 1.5, variable.shape)
        variable.assign(values)


def through(model, first, last, values):
    """What the layers from one name to another make of values."""
    part = keras.Model(model.get_layer(first).input, model.get_layer(last).output)
    return part(values).numpy()


def branch(model, name, values):
    return through(model, f"{name}_conv", f"{name}_relu", values)


def merged(model, pooled, features):
    x = through(model, "m_merge_conv", "m_merge_norm", pooled)
    skip = through(model, "m_skip_conv", "m_skip_norm", features)
    return branch(model, "m_out", np.maximum(x + skip, 0.0))


@pytest.mark.parametrize(
    "corner,directions", [("tl", ("top", "left")), ("br", ("bottom", "right"))]
)
def test_cascade_adds_the_other_direction_first(rng, corner, directions):
    model = build(cascade_corner_module, [6, 5, 4], corner, 3, "m")
    randomize(model, rng)
    features = np.float32(rng.normal(size=[2, 6, 5, 4]))
    pooled = 0.0
    for number, (direction, other) in enumerate(zip(directions, directions[::-1]), 1):
        look = ACCUMULATED[other](branch(model, f"m_look{number}", features))
        x = model.get_layer(f"m_cascade{number}")(
            branch(model, f"m_branch{number}", features) + look
        )
        pooled = pooled + ACCUMULATED[direction](x.numpy())
    np.testing.assert_allclose(model(features), merged(model, pooled, features), atol=1e-5)


def test_center_module_adds_columns_and_rows(rng):
    model = build(center_module, [6, 5, 4], 3, "m")
    randomize(model, rng)
    features = np.float32(rng.normal(size=[2, 6, 5, 4]))
    column = branch(model, "m_branch1", features).max(1, keepdims=True)
    row = branch(model, "m_branch2", features).max(2, keepdims=True)
    np.testing.assert_allclose(model(features), merged(model, column + row, features), atol=1e-5)


def test_parameters_as_published():
    for module, corner, expected in (
        (corner_module, ["tl"], 1_542_144),
        (cascade_corner_module, ["br"], 2_427_392),
        (center_module, [], 1_542_144),
    ):
        model = build(module, [8, 8, 256], *corner, 128, "m")
        assert sum(int(np.prod(each.shape)) for each in model.trainable_weights) == expected


@pytest.mark.parametrize("corner", ["tl", "br"])
def test_mmdet_bicornerpool_golden(testdata, corner):
    golden = np.load(testdata / f"golden/bicornerpool_{corner}.npz")
    model = build(corner_module, [12, 10, 8], corner, 16, "m")
    names = {
        "direction1_conv": "branch1",
        "direction2_conv": "branch2",
        "aftpool_conv": "merge",
        "conv1": "skip",
        "conv2": "out",
    }
    for theirs, ours in names.items():
        kernel = np.transpose(golden[f"w.{theirs}.conv.weight"], (2, 3, 1, 0))
        model.get_layer(f"m_{ours}_conv").set_weights([kernel])
        parts = ("weight", "bias", "running_mean", "running_var")
        norm = [golden[f"w.{theirs}.bn.{part}"] for part in parts]
        model.get_layer(f"m_{ours}_norm").set_weights(norm)
    found = model(tf.constant(np.transpose(golden["x"], (0, 2, 3, 1))), training=False)
    np.testing.assert_allclose(found, np.transpose(golden["out"], (0, 2, 3, 1)), atol=1e-4)
