"""What a network costs: parameters, multiply-adds, output shapes and memory, by stage."""

import dataclasses
import math
from typing import List, Tuple

import keras

# Bytes of float32, and the copies of each weight that training keeps by optimizer: value, gradient,
# slots.
_BYTES = 4
_WEIGHT_COPIES = {"adam": 4, "adamw": 4, "sgd": 3}
# Layers whose result is not kept for the gradient: the next layer keeps its own.
_NOT_KEPT = (keras.layers.BatchNormalization, keras.layers.Add)


@dataclasses.dataclass
class Stage:
    """One line of the table: the layers whose names start alike.

    Attributes:
      name: for example 'stage2', 'neck0', 'heatmap'.
      layers: how many layers with weights.
      parameters: trainable ones.
      multiply_adds: of the forward pass for one image.
      output_shapes: (H, W, C) of what other stages or the network's caller take, finest first; a
        pyramid has one a level.
      activation_bytes: kept for the gradient, for one image in float32.
    """

    name: str
    layers: int = 0
    parameters: int = 0
    multiply_adds: int = 0
    output_shapes: List[Tuple[int, ...]] = dataclasses.field(default_factory=list)
    activation_bytes: int = 0


def stages_of(network: keras.Model) -> List[Stage]:
    """Adds up a functional model by the part of the layer names before the first underscore."""
    stages, leaving = {}, _leaving_calls(network)
    for layer in network.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        name = _stage_name(layer)
        stage = stages.setdefault(name, Stage(name))
        # Once for each call: the towers of a pyramid work on every level, finest first.
        shapes = [tuple(layer.get_output_shape_at(call)[1:]) for call in range(_calls(layer))]
        weights = sum(math.prod(weight.shape) for weight in layer.trainable_weights)
        stage.layers += bool(weights)
        stage.parameters += weights
        stage.multiply_adds += multiply_adds(layer)
        for shape, call in zip(shapes, layer.inbound_nodes):
            if id(call) in leaving and shape not in stage.output_shapes:
                stage.output_shapes.append(shape)
        if not isinstance(layer, _NOT_KEPT):
            stage.activation_bytes += _BYTES * sum(math.prod(shape) for shape in shapes)
    for stage in stages.values():
        stage.output_shapes.sort(key=lambda shape: -math.prod(shape[:-1]))
    return list(stages.values())


def _stage_name(layer) -> str:
    return layer.name.split("_")[0]


def _leaving_calls(network) -> set:
    """Ids of the calls of layers whose results another stage takes, or nothing within."""
    takers = {}
    for layer in network.layers:
        for call in layer.inbound_nodes:
            takers.setdefault(id(call), set())
            for parent in call.parent_nodes:
                takers.setdefault(id(parent), set()).add(
                    _stage_name(layer) != _stage_name(parent.layer)
                )
    return {call for call, elsewhere in takers.items() if not elsewhere or True in elsewhere}


def multiply_adds(layer: keras.layers.Layer) -> int:
    """Multiply-adds of all calls of a layer for one image; layers that do no products count 0.

    A layer of ours tells its own by a method `multiply_adds(input_shape)`.
    """
    return sum(_call_multiply_adds(layer, call) for call in range(_calls(layer)))


def _calls(layer):
    return len(layer.inbound_nodes)


def _call_multiply_adds(layer, call):
    if hasattr(layer, "multiply_adds"):
        return layer.multiply_adds(layer.get_input_shape_at(call))
    if isinstance(layer, keras.layers.Conv2DTranspose):
        # Every input cell reaches every tap once.
        return math.prod(layer.get_input_shape_at(call)[1:3]) * math.prod(layer.kernel.shape)
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        kernel = layer.depthwise_kernel
        return math.prod(layer.get_output_shape_at(call)[1:3]) * math.prod(kernel.shape)
    if isinstance(layer, keras.layers.Conv2D):
        return math.prod(layer.get_output_shape_at(call)[1:3]) * math.prod(layer.kernel.shape)
    return 0


def training_memory_bytes(stages: List[Stage], batch_size: int, optimizer: str) -> int:
    """Estimates the memory of a float32 training step: weights, gradients, slots, activations.

    Workspace of the convolution library, the input pipeline and TensorFlow itself come on top.
    """
    weights = _BYTES * _WEIGHT_COPIES[optimizer] * sum(stage.parameters for stage in stages)
    return weights + batch_size * sum(stage.activation_bytes for stage in stages)
