"""Gradients of our own, which graphs for inference are spared.

A SavedModel would keep them, or have TensorFlow warn at every load that it does not.
"""

import contextlib
import contextvars
import functools

import tensorflow as tf

_wanted = contextvars.ContextVar("custom_gradients", default=True)


@contextlib.contextmanager
def no_gradients():
    """Where it is entered, functions of `custom_gradient` leave no gradient in the graph.

    To be entered inside a function while it is traced. What is traced there must not be
    differentiated: TensorFlow would derive other gradients than ours.
    """
    token = _wanted.set(False)
    try:
        yield
    finally:
        _wanted.reset(token)


def custom_gradient(function):
    """`tf.custom_gradient`, but for `no_gradients`.

    Args:
      function: from tensors to a pair, the result and the function of its gradient.
    """
    differentiable = tf.custom_gradient(function)

    @functools.wraps(function)
    def call(*tensors):
        return differentiable(*tensors) if _wanted.get() else function(*tensors)[0]

    return call
