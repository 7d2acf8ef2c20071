"""The weights in a checkpoint by the names of their variables, without the network they are of."""

import dataclasses
from typing import Dict, List

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2

_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_VALUE = ".ATTRIBUTES/VARIABLE_VALUE"


@dataclasses.dataclass(frozen=True)
class CheckpointWeights:
    """What a network's variables are in a checkpoint.

    Attributes:
      values: arrays by variable name, such as 'stem_conv/kernel'.
      kind: 'ema' for moving averages, 'trained' for the weights that the optimizer moved.
      step: optimizer steps taken.
    """

    values: Dict[str, np.ndarray]
    kind: str
    step: int


def read_weights(prefix: str) -> CheckpointWeights:
    """Reads the averaged weights of a checkpoint of this project, or, without any, the trained.

    Args:
      prefix: path of the checkpoint without '.index'.

    Raises:
      tf.errors.OpError, ValueError: it cannot be read, or is none of this project.
    """
    reader = tf.train.load_checkpoint(prefix)
    if not reader.has_tensor(_GRAPH) or not reader.has_tensor(f"step/{_VALUE}"):
        raise ValueError("it was not written by this project's training")
    graph = trackable_object_graph_pb2.TrackableObjectGraph.FromString(_tensor(reader, _GRAPH))
    names = {
        attribute.checkpoint_key: attribute.full_name
        for node in graph.nodes
        for attribute in node.attributes
    }
    averaged = {key: name for key, name in names.items() if key.startswith("average/")}
    chosen = averaged or {key: name for key, name in names.items() if key.startswith("network/")}
    return CheckpointWeights(
        values={name: _tensor(reader, key) for key, name in chosen.items()},
        kind="ema" if averaged else "trained",
        step=int(_tensor(reader, f"step/{_VALUE}")),
    )


def _tensor(reader, key):
    try:
        return reader.get_tensor(key)
    except (IndexError, RuntimeError) as error:
        # What TensorFlow raises for a file that ends too early is no error of its own.
        raise ValueError(str(error)) from error


def name_of(variable) -> str:
    """Returns the name that a variable has in a checkpoint."""
    return variable.name.split(":")[0]


def check_names(network) -> None:
    """Checks that a network can be told from a checkpoint by names.

    Raises:
      ValueError: two of its variables have the same name.
    """
    seen = set()
    for variable in network.variables:
        if name_of(variable) in seen:
            raise ValueError(f"two variables of {network.name} are called {name_of(variable)}")
        seen.add(name_of(variable))


@dataclasses.dataclass(frozen=True)
class Match:
    """How the variables of a network and of a checkpoint go together, by name.

    Attributes:
      matched: names that both have in the same shape.
      missing: names that only the network has.
      mismatched: (name, shape in the checkpoint, shape in the network).
      unused: names that only the checkpoint has.
    """

    matched: List[str]
    missing: List[str]
    mismatched: List[tuple]
    unused: List[str]


def assign_by_name(network, values: Dict[str, np.ndarray]) -> Match:
    """Gives every variable of a network the value of its name, where there is one that fits."""
    own = {name_of(variable): variable for variable in network.variables}
    shared = [name for name in own if name in values]
    fits = {name: values[name].shape == tuple(own[name].shape) for name in shared}
    for name in shared:
        if fits[name]:
            own[name].assign(values[name])
    return Match(
        matched=[name for name in shared if fits[name]],
        missing=[name for name in own if name not in values],
        mismatched=[
            (name, values[name].shape, tuple(own[name].shape)) for name in shared if not fits[name]
        ],
        unused=[name for name in values if name not in own],
    )
