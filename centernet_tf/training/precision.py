"""Computing in 16 bits: the policy a network is built under, and the scale of its loss."""

import contextlib

import keras

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


@contextlib.contextmanager
def built_in(precision: str):
    """Layers made within compute in this precision; their variables are float32 in each.

    Args:
      precision: a key of `POLICIES`.
    """
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(POLICIES[precision])
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(before)


def with_loss_scale(optimizer, precision: str):
    """Returns the optimizer, for float16 with a scale of the loss that follows its gradients.

    Gradients below 6e-8 vanish in float16, so the loss is multiplied by a power of two, and the
    gradients are divided by it. A scale that makes gradients overflow is halved and the step is
    left out; after 2000 good steps it doubles (Micikevicius et al. 2018, section 3.2). bfloat16 has
    the exponents of float32 and needs none.
    """
    if precision != "float16":
        return optimizer
    return keras.mixed_precision.LossScaleOptimizer(optimizer)
