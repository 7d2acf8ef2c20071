"""Finds for every weight of a PyTorch file the variable it belongs to, and carries it over."""

import dataclasses
from typing import Dict, Optional, Tuple

import numpy as np
import tensorflow as tf

from centernet_tf.errors import UserError
from centernet_tf.layers.deformable_conv2d import DeformableConv2D
from centernet_tf.quote import listed
from centernet_tf.weights.rules import Rule, find_layer, readings, reason_unused
from centernet_tf.weights.stored_tensor import StoredTensor
from centernet_tf.weights.variables import torch_shape, variable_of


@dataclasses.dataclass(frozen=True)
class Pair:
    """A weight of the file and the variable it becomes.

    Attributes:
      key: name in the file.
      tensor: the weight.
      variable: ours.
      axes: order of the axes, as for `np.transpose`.
      rule: where the channels are in another order, it says so.
      minus: subtracted from it; see `_fold`.
    """

    key: str
    tensor: StoredTensor
    variable: tf.Variable
    axes: Tuple[int, ...]
    rule: Rule
    minus: Optional[StoredTensor] = None

    def value(self) -> np.ndarray:
        """The weight as float32 in our layout.

        Raises:
          UserError: its values are no weights.
        """
        value = _float32(self.key, self.tensor)
        if self.minus is not None:
            value = value - _float32(self.key, self.minus)
        if not np.isfinite(value).all():
            raise UserError(f"{listed([self.key])} has values that are not finite in float32")
        if self.key.endswith("running_var") and (value < 0.0).any():
            raise UserError(f"{listed([self.key])} has negative values, which no variance has")
        return self.turned(value)

    def turned(self, value: np.ndarray) -> np.ndarray:
        """An array of PyTorch's layout, such as the weight or its gradient, in ours."""
        value = value.transpose(self.axes)
        if self.rule.outputs:
            # Once, or once a class.
            groups = value.reshape(*value.shape[:-1], -1, len(self.rule.outputs))
            value = groups[..., list(self.rule.outputs)].reshape(value.shape)
        if self.rule.inputs and value.ndim > 1:
            value = value[..., list(self.rule.inputs), :]
        return value


@dataclasses.dataclass(frozen=True)
class Matching:
    """What of a file goes where.

    Attributes:
      pairs: weights that become variables.
      missing: names of variables for which the file has nothing.
      mismatched: (key, shape in the file, shape of the variable in PyTorch's order).
      unused: reasons by key; '' for weights that nothing explains.
      folded: keys of biases that went into the normalisation that follows.
      zeros: names of biases that the file does without, set to zero.
    """

    pairs: Tuple[Pair, ...]
    missing: Tuple[str, ...]
    mismatched: Tuple[Tuple[str, tuple, tuple], ...]
    unused: Dict[str, str]
    folded: Tuple[str, ...]
    zeros: Tuple[tf.Variable, ...]

    def assign(self) -> None:
        """Writes the weights into the variables.

        Raises:
          UserError: values of the file are no weights; the variables before them are written.
        """
        for pair in self.pairs:
            pair.variable.assign(pair.value())
        for variable in self.zeros:
            variable.assign(tf.zeros_like(variable))


def match_weights(network, tensors, rules, unused=()) -> Matching:
    """Matches the weights of a file with the variables of a network; changes neither.

    Args:
      network: functional model.
      tensors: `StoredTensor`s by key.
      rules: `Rule`s; the first that leads to a layer counts.
      unused: `Unused` notes.
    """
    layers = {layer.name: layer for layer in network.layers}
    pairs, mismatched, left, biases, reached = {}, [], {}, {}, set()
    for key, tensor in tensors.items():
        rule, layer, parameter = _place(key, rules, layers)
        variable, axes = variable_of(layer, parameter)
        if variable is None and isinstance(layer, DeformableConv2D) and parameter == "bias":
            biases[layer.name] = (key, tensor)
        elif variable is None or id(variable) in reached:
            left[key] = reason_unused(key, unused)
        else:
            reached.add(id(variable))
            expected = torch_shape(variable, axes)
            if tensor.shape == expected:
                pairs[id(variable)] = Pair(key, tensor, variable, axes, rule)
            else:
                mismatched.append((key, tensor.shape, expected))
    for name, (key, tensor) in biases.items():
        mean = layers[f"{name.removesuffix('_dcn')}_norm"].moving_mean
        if tensor.shape != tuple(mean.shape):
            mismatched.append((key, tensor.shape, tuple(mean.shape)))
        else:
            _fold(tensor, mean, pairs)
    absent = [variable for variable in network.variables if id(variable) not in reached]
    optional = {id(layer.bias) for layer in layers.values() if isinstance(layer, DeformableConv2D)}
    return Matching(
        pairs=tuple(pairs.values()),
        missing=tuple(_name(variable) for variable in absent if id(variable) not in optional),
        mismatched=tuple(mismatched),
        unused=left,
        folded=tuple(key for key, _ in biases.values()),
        zeros=tuple(variable for variable in absent if id(variable) in optional),
    )


def _place(key, rules, layers):
    """Returns (rule, layer, parameter) of a key; the layer is None where no rule leads to one."""
    for module, parameter in readings(key):
        rule, layer = find_layer(module, rules, layers)
        if layer is not None and (parameter[:7] != "offset." or hasattr(layer, "offset_kernel")):
            return rule, layer, parameter
    return None, None, ""


def _fold(bias, mean, pairs):
    """Takes the bias of a deformable convolution that has none here out of the mean that follows.

    norm(x + bias) with mean m is norm(x) with mean m - bias.
    """
    pair = pairs.get(id(mean))
    if pair is not None:
        pairs[id(mean)] = dataclasses.replace(pair, minus=bias)


def _float32(key, tensor):
    """The values of a tensor of real numbers; those too large become infinite."""
    if tensor.element not in ("float64", "float32", "float16", "bfloat16"):
        raise UserError(
            f"{listed([key])} is of {tensor.element}; only floating-point weights can be taken, so "
            "save the network before it was quantised or converted"
        )
    with np.errstate(over="ignore"):
        return tensor.numpy().astype(np.float32)


def _name(variable) -> str:
    return variable.name.removesuffix(":0")
