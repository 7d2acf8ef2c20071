"""Names of stacked maps, and the network without the earlier stacks' heads."""

import keras
import numpy as np
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.detectors import make_detector
from centernet_tf.detectors.stacks import (
    inference_network,
    mean_over_stacks,
    stack_outputs,
    stack_prefixes,
)


def two_stacks():
    images = keras.Input([8, 8, 3])
    first = keras.layers.Conv2D(4, 1, name="trunk0")(images)
    second = keras.layers.Conv2D(4, 1, name="trunk1")(first)
    outputs = {}
    for prefix, features in zip(stack_prefixes(2), (first, second)):
        outputs[f"{prefix}heatmap"] = keras.layers.Conv2D(2, 1, name=f"{prefix}heatmap")(features)
    return keras.Model(images, outputs, name="two")


def test_prefixes():
    assert stack_prefixes(1) == [""]
    assert stack_prefixes(3) == ["stack0_", "stack1_", ""]


def test_stacks_come_first_to_last():
    outputs = {"stack1_a": 2, "a": 3, "stack0_a": 1, "stack0_b": 4, "stack1_b": 5, "b": 6}
    assert stack_outputs(outputs) == [{"a": 1, "b": 4}, {"a": 2, "b": 5}, {"a": 3, "b": 6}]
    assert stack_outputs({"a": 1}) == [{"a": 1}]


def test_the_inference_network_has_no_earlier_head():
    network = two_stacks()
    pruned = inference_network(network)
    assert [layer.name for layer in pruned.layers if layer.weights] == [
        "trunk0",
        "trunk1",
        "heatmap",
    ]
    images = tf.random.stateless_normal([1, 8, 8, 3], [1, 2])
    np.testing.assert_array_equal(network(images)["heatmap"], pruned(images)["heatmap"])
    assert set(pruned.output) == {"heatmap"}
    assert inference_network(pruned) is pruned


def test_losses_are_means_over_stacks():
    outputs = {"stack0_a": tf.constant(2.0), "a": tf.constant(6.0)}
    losses = mean_over_stacks(lambda maps: {"loss": maps["a"], "twice": 2 * maps["a"]}, outputs)
    assert {name: float(value) for name, value in losses.items()} == {"loss": 4.0, "twice": 8.0}


def test_centernet_supervises_every_stack():
    settings = "{name: hourglass_104, width_multiplier: 0.02, level_blocks: [1, 1, 1, 1, 1, 1]}"
    config = load_config([], [f"model: {{backbone: {settings}}}", "data: {input_size: [128, 128]}"])
    detector = make_detector(config, 2)
    network = detector.build()
    last = {"heatmap", "size", "offset"}
    assert set(network.output) == last | {f"stack0_{name}" for name in last}
    # As published with hourglasses, whatever the width of the trunk.
    assert network.get_layer("stack0_size_hidden").filters == 256
    pruned = inference_network(network)
    assert set(pruned.output) == last
    names = {layer.name for layer in pruned.layers}
    assert "merge0_add" in names and not any(name.startswith("stack0_") for name in names)
    targets = detector.encode(
        tf.constant([[[8.0, 8.0, 60.0, 90.0]]]), tf.constant([[1]]), tf.constant([[True]])
    )
    outputs = network(tf.random.stateless_normal([1, 128, 128, 3], [1, 2]), training=False)
    each = [float(detector.loss(stack, targets)["loss"]) for stack in stack_outputs(outputs)]
    np.testing.assert_allclose(detector.loss(outputs, targets)["loss"], np.mean(each), rtol=1e-5)
