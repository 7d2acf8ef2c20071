"""Leaving parts of a network as they are."""

import math

import keras

from centernet_tf.count_of import count_of
from centernet_tf.errors import UserError


def freeze(network: keras.Model, stages: int, batch_norm: bool) -> str:
    """Freezes layers, so that their variables get neither gradient nor decay nor new statistics.

    Keras runs a frozen batch normalisation with its moving statistics, in training too. Its scale
    and shift are frozen with it, as in Detectron's FrozenBatchNorm.

    Args:
      network: functional model whose backbone's layers are called stem_... and stage1_..., ...
      stages: the stem and so many stages are frozen; 0 freezes neither.
      batch_norm: every batch normalisation is frozen.

    Returns:
      one line that says how much is frozen; empty when nothing is.

    Raises:
      UserError: the backbone has fewer stages.
    """
    layers = _of_stages(network, stages) if stages else []
    if batch_norm:
        norms = keras.layers.BatchNormalization
        layers += [layer for layer in network.submodules if isinstance(layer, norms)]
    before = network.trainable_variables
    for layer in layers:
        layer.trainable = False
    left = {id(variable) for variable in network.trainable_variables}
    frozen = [variable for variable in before if id(variable) not in left]
    if not frozen:
        return ""
    parameters = [sum(math.prod(variable.shape) for variable in part) for part in (frozen, before)]
    return (
        f"Frozen: {count_of(len(frozen), 'variable')} of {len(before)}, "
        f"{parameters[0]:,} of {parameters[1]:,} parameters."
    )


def _of_stages(network, stages):
    numbers = set()
    for layer in network.layers:
        part = layer.name.split("_")[0]
        if part.startswith("stage") and part[5:].isdigit():
            numbers.add(int(part[5:]))
    if len(numbers) < stages:
        raise UserError(
            f"train.freeze_backbone_stages is {stages}, but the backbone of {network.name} has "
            f"{count_of(len(numbers), 'stage')}."
        )
    parts = {"stem", *(f"stage{number}" for number in sorted(numbers)[:stages])}
    return [layer for layer in network.layers if layer.name.split("_")[0] in parts]
