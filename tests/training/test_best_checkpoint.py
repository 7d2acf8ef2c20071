"""The weights that are scored, and those of the highest score kept."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.training.averaged_weights import AveragedWeights
from centernet_tf.training.best_checkpoint import KeepBest
from centernet_tf.training.checkpoint_weights import check_names, read_weights
from centernet_tf.training.scored_network import ScoredNetwork


def build():
    images = keras.Input([2])
    x = keras.layers.Dense(1, name="heatmap_final")(images)
    return keras.Model(images, {"heatmap": keras.layers.BatchNormalization(name="norm")(x)})


def make_trainer(decay):
    network = build()
    average = AveragedWeights(network, decay) if decay else None
    optimizer = types.SimpleNamespace(iterations=tf.Variable(5, dtype=tf.int64))
    detector = types.SimpleNamespace(build=build)
    return types.SimpleNamespace(
        network=network, average=average, detector=detector, optimizer=optimizer
    )


def test_the_trained_network_itself_where_that_is_what_is_scored():
    trainer = make_trainer(0.0)
    scored = ScoredNetwork(trainer, "float32", 1)
    assert scored.refresh() is trainer.network
    assert scored.kind == "trained"


@pytest.mark.parametrize("decay, precision, replicas", [(0.5, "float32", 1), (0.0, "float16", 1)])
def test_a_network_of_its_own_otherwise(decay, precision, replicas):
    trainer = make_trainer(decay)
    scored = ScoredNetwork(trainer, precision, replicas)
    kernel = trainer.network.trainable_variables[0]
    start = kernel.numpy()
    kernel.assign_add([[1.0], [1.0]])
    if decay:
        trainer.average.update(tf.constant(100, tf.int64))
    network = scored.refresh()
    assert network is not trainer.network
    np.testing.assert_allclose(network.trainable_variables[0], start + (0.5 if decay else 1.0))


@pytest.mark.parametrize("decay, kind", [(0.0, "trained"), (0.5, "ema")])
def test_only_a_higher_ap_is_kept(tmp_path, decay, kind):
    trainer = make_trainer(decay)
    scored = ScoredNetwork(trainer, "float32", 1)
    evaluation = types.SimpleNamespace(latest=None)
    best = tf.Variable(-1.0)
    callback = KeepBest(str(tmp_path), evaluation, scored, types.SimpleNamespace(best=best))
    callback.set_model(trainer)
    bias = scored.network.trainable_variables[1]
    kept = []
    for epoch, score in enumerate([None, 0.2, 0.1, None, 0.3, 0.3]):
        if score is not None:
            evaluation.latest = {"AP": score}
        bias.assign([float(epoch)])
        callback.on_epoch_end(epoch)
        path = tf.train.latest_checkpoint(tmp_path / "best")
        kept.append(path and read_weights(path).values["heatmap_final/bias"][0])
    assert kept == [None, 1.0, 1.0, 1.0, 4.0, 4.0]
    assert float(best) == pytest.approx(0.3)
    weights = read_weights(tf.train.latest_checkpoint(tmp_path / "best"))
    assert (weights.kind, weights.step) == (kind, 5)
    assert len(list((tmp_path / "best").glob("*.index"))) == 1


def test_variables_of_the_same_name_are_refused():
    class Twice(keras.layers.Layer):
        def build(self, _):
            self.first = self.add_weight(name="weight", shape=[1])
            self.second = self.add_weight(name="weight", shape=[1])

        def call(self, inputs):
            return inputs + self.first + self.second

    images = keras.Input([2])
    with pytest.raises(ValueError, match="are called twice/weight"):
        check_names(keras.Model(images, Twice(name="twice")(images)))
    check_names(build())
