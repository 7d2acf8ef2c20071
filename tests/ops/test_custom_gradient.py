"""A gradient of one's own is used, and leaves nothing behind in graphs for inference."""

import tensorflow as tf

from centernet_tf.ops.custom_gradient import custom_gradient, no_gradients


@custom_gradient
def doubled(x):
    return 2.0 * x, lambda upstream: 7.0 * upstream


def notes_of(function):
    graph = function.get_concrete_function(tf.TensorSpec([3])).graph
    return [op.name for op in graph.get_operations() if "_gradient_op_type" in op.node_def.attr]


def test_the_gradient_is_the_given_one():
    x = tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = doubled(x)
    assert y.numpy().tolist() == [2.0, 4.0, 6.0]
    assert tape.gradient(y, x).numpy().tolist() == [7.0] * 3


def test_a_graph_without_gradients_names_none():
    @tf.function
    def bare(x):
        with no_gradients():
            return doubled(x)

    assert notes_of(tf.function(doubled))
    assert not notes_of(bare)
    assert bare(tf.ones([3])).numpy().tolist() == [2.0] * 3
    # Outside it is as before.
    assert notes_of(tf.function(lambda x: doubled(x)))
