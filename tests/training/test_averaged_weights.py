"""Averages against the recurrence written out, and with several replicas in a process."""

import keras
import numpy as np
import tensorflow as tf

from centernet_tf.training.averaged_weights import AveragedWeights
from centernet_tf.training.checkpoint_weights import name_of


def small_network():
    images = keras.Input([2])
    x = keras.layers.Dense(1, name="dense")(images)
    return keras.Model(images, keras.layers.BatchNormalization(name="norm")(x))


def test_averages_follow_the_recurrence_and_forget_the_start():
    network = small_network()
    average = AveragedWeights(network, 0.5)
    assert [name_of(value) for value in average.values] == [name_of(v) for v in network.variables]
    kernel = network.variables[0]
    expected = kernel.numpy()
    for step in range(12):
        kernel.assign_add([[1.0], [-2.0]])
        average.update(tf.constant(step, tf.int64))
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * kernel.numpy()
        np.testing.assert_allclose(average.values[0], expected, rtol=1e-5)
    # The first decays are 0.1, 0.18, 0.25: of the initial weights next to nothing is left.
    assert np.prod([min(0.5, (1 + t) / (10 + t)) for t in range(12)]) < 1e-5


def test_statistics_of_batch_normalisation_are_averaged_too():
    network = small_network()
    average = AveragedWeights(network, 0.9)
    mean = network.get_layer("norm").moving_mean
    mean.assign([10.0])
    average.update(tf.constant(0, tf.int64))
    (averaged,) = [value for value in average.values if name_of(value) == "norm/moving_mean"]
    np.testing.assert_allclose(averaged, [9.0], rtol=1e-6)
