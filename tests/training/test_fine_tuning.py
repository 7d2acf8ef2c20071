"""Starting from another run's weights: by name, with a table, and never by accident."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.errors import UserError
from centernet_tf.training.checkpoint_weights import read_weights
from centernet_tf.training.fine_tuning import init_from_checkpoint


def network(classes, *more):
    """Layers in an order of their own, so that only names can match."""
    images = keras.Input([2])
    x = keras.layers.Dense(3, name="stem_conv")(images)
    outputs = {name: keras.layers.Dense(1, name=f"{name}_final")(x) for name in more}
    outputs["heatmap"] = keras.layers.Dense(classes, name="heatmap_final")(x)
    return keras.Model(images, outputs)


@pytest.fixture(name="source")
def write_checkpoint(tmp_path):
    model = network(4, "size")
    step = tf.Variable(7, dtype=tf.int64)
    checkpoint = tf.train.Checkpoint(network=model, step=step)
    manager = tf.train.CheckpointManager(checkpoint, tmp_path / "run/checkpoints", 1)
    return model, manager.save(), str(tmp_path / "run")


def test_other_classes_and_heads(source):
    model, prefix, _ = source
    other = network(2, "depth")
    told = init_from_checkpoint(other, prefix, ["heatmap*", "depth*"])
    rows = [line.split(maxsplit=1) for line in told.splitlines()[1:]]
    assert rows == [
        ["matched", "2  stem_conv/kernel, stem_conv/bias"],
        ["missing", "2  depth_final/kernel, depth_final/bias"],
        ["other", "shape     2  heatmap_final/kernel 3x4 for 3x2, heatmap_final/bias 4 for 2"],
        ["unused", "2  size_final/kernel, size_final/bias"],
    ]
    assert told.splitlines()[0] == f"Variables from {prefix} (trained weights, step 7):"
    for own, theirs in zip(other.get_layer("stem_conv").weights, model.layers[1].weights):
        np.testing.assert_array_equal(own, theirs)


def test_what_is_missing_by_accident_is_an_error_with_the_remedy(source):
    with pytest.raises(UserError) as fault:
        init_from_checkpoint(network(2, "depth"), source[1], ["depth*"])
    assert "2 variables would keep a random start (heatmap_final/kernel, " in str(fault.value)
    assert str(fault.value).endswith('add to train.init_allow_missing: ["heatmap*"].')


def test_a_pattern_that_names_nothing(source):
    with pytest.raises(UserError, match=r"is called 'heatmpa\*'.* mean 'heatmap'"):
        init_from_checkpoint(network(2), source[1], ["heatmpa*"])


def test_a_model_directory_stands_for_its_newest_checkpoint(source):
    model, _, model_dir = source
    other = network(4, "size")
    assert "missing         0" in init_from_checkpoint(other, model_dir, [])
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])


def test_what_is_no_checkpoint(tmp_path, source):
    with pytest.raises(UserError, match="Cannot read train.init_checkpoint=.*/none"):
        init_from_checkpoint(network(2), str(tmp_path / "none"), [])
    with pytest.raises(UserError, match="holds no checkpoint"):
        init_from_checkpoint(network(2), str(tmp_path), [])
    foreign = tf.train.Checkpoint(network=network(2)).save(str(tmp_path / "foreign"))
    with pytest.raises(UserError, match="not written by this project's training"):
        init_from_checkpoint(network(2), foreign, [])


def test_averaged_weights_come_first(tmp_path):
    model = network(2)
    average = [tf.Variable(value * 0 + 5, name=value.name[:-2]) for value in model.variables]
    step = tf.Variable(3, dtype=tf.int64)
    checkpoint = tf.train.Checkpoint(network=model, average=average, step=step)
    weights = read_weights(checkpoint.save(str(tmp_path / "c")))
    assert (weights.kind, weights.step) == ("ema", 3)
    assert sorted(weights.values) == sorted(value.name[:-2] for value in model.variables)
    assert all((value == 5).all() for value in weights.values.values())
