"""TFLite flatbuffers: joining converted parts to one file, and what they hold."""

import collections
from typing import Dict, List, Sequence

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

SIGNATURE = "serving_default"


def join(parts: Sequence[bytes], input_shape: Sequence[int], outputs: Sequence[str]) -> bytes:
    """Chains flatbuffers, each of one signature, to one.

    An input of a part is the output of that name of an earlier part. The input of the first is the
    input of the whole. The converter writes 1 for its unknown sides, with which an interpreter
    fails before it is told the size, and lists outputs in no particular order, which matters to
    programs that read them by index (tensorflow/tensorflow#33303); here both are given.

    Args:
      parts: flatbuffers.
      input_shape: of the input until it is resized.
      outputs: names, in order; outputs of any part. Their tensors get names that sort so too.

    Returns:
      the flatbuffer, with the signature `serving_default`.
    """
    joined = schema.ModelT()
    joined.version, joined.description = 3, b"centernet_tf"
    joined.operatorCodes, joined.metadata, joined.metadataBuffer = [], [], []
    # The first buffer is the empty one.
    joined.buffers = [schema.BufferT()]
    graph = schema.SubGraphT()
    graph.name, graph.tensors, graph.operators = b"main", [], []
    joined.subgraphs = [graph]
    known: Dict[str, int] = {}
    inputs = None
    for part in parts:
        model = parse(part)
        (signature,) = model.signatureDefs
        placed = _place(model, joined, _wired(signature, known))
        ends = {entry.name.decode(): placed[entry.tensorIndex] for entry in signature.outputs}
        inputs = inputs or {e.name.decode(): placed[e.tensorIndex] for e in signature.inputs}
        known.update(ends)
    ((input_name, input_index),) = inputs.items()
    graph.tensors[input_index].shape = np.array(input_shape, np.int32)
    graph.inputs, graph.outputs = [input_index], [known[name] for name in outputs]
    for position, name in enumerate(outputs):
        graph.tensors[known[name]].name = f"StatefulPartitionedCall:{position}".encode()
    joined.signatureDefs = [_signature({input_name: input_index}, {n: known[n] for n in outputs})]
    return serialize(joined)


def parse(model: bytes):
    """Returns the flatbuffer's object tree, a `ModelT`."""
    return flatbuffer_utils.convert_bytearray_to_object(bytearray(model))


def serialize(model) -> bytes:
    """Returns the flatbuffer of an object tree, see `parse`."""
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def kind(model, operator) -> str:
    """Returns the name of an operator's operation; a custom one's as `CUSTOM:<name>`."""
    code = model.operatorCodes[operator.opcodeIndex]
    if code.customCode:
        return f"CUSTOM:{code.customCode.decode()}"
    return flatbuffer_utils.opcode_to_name(model, operator.opcodeIndex)


def operations(model: bytes) -> List[str]:
    """Returns the distinct operations of a flatbuffer, sorted; custom ones as `CUSTOM:<name>`."""
    return sorted({name for name, _ in count_operations(model)})


def count_operations(model: bytes) -> Dict[tuple, int]:
    """Returns how often each (operation, type of its first result) occurs: ("ADD", "int8")."""
    parsed = parse(model)
    counts = collections.Counter()
    for graph in parsed.subgraphs:
        for operator in graph.operators:
            result = graph.tensors[operator.outputs[0]]
            counts[kind(parsed, operator), type_name(result)] += 1
    return dict(sorted(counts.items()))


def output_shapes(model: bytes) -> Dict[str, List[int]]:
    """Returns the shape of each output of the signature, by name."""
    parsed = parse(model)
    (signature,) = parsed.signatureDefs
    tensors = parsed.subgraphs[signature.subgraphIndex].tensors
    return {
        entry.name.decode(): [int(side) for side in tensors[entry.tensorIndex].shape]
        for entry in signature.outputs
    }


def type_name(tensor) -> str:
    """Returns the element type of a tensor, such as 'float32'."""
    names = {value: name for name, value in vars(schema.TensorType).items() if name.isupper()}
    return names[tensor.type].lower()


def is_constant(model, tensor) -> bool:
    """Says whether a tensor's values are in the file."""
    data = model.buffers[tensor.buffer].data
    return data is not None and len(data) > 0


def tensor_list(indices) -> List[int]:
    """The tensors of an operator without the absent ones; empty where there is no list."""
    return [] if indices is None else [int(index) for index in indices if index >= 0]


def _wired(signature, known) -> Dict[int, int]:
    """The tensors of a part that are tensors of the whole already."""
    return {
        entry.tensorIndex: known[entry.name.decode()]
        for entry in signature.inputs
        if entry.name.decode() in known
    }


def _place(model, joined, wired) -> Dict[int, int]:
    """Appends a part to the whole; returns where the tensors of its main graph are there."""
    part, graph = model.subgraphs[0], joined.subgraphs[0]
    _renumber(model, joined)
    joined.operatorCodes += model.operatorCodes
    joined.buffers += model.buffers
    joined.subgraphs += model.subgraphs[1:]
    # An optional input that is not there has the index -1.
    placed = {-1: -1, **wired}
    for index, tensor in enumerate(part.tensors):
        if index not in wired:
            placed[index] = len(graph.tensors)
            graph.tensors.append(tensor)
    for operator in part.operators:
        for field in ("inputs", "outputs", "intermediates"):
            if getattr(operator, field) is not None:
                setattr(operator, field, [placed[index] for index in getattr(operator, field)])
        graph.operators.append(operator)
    return placed


def _renumber(model, joined) -> None:
    """Makes the codes, buffers and bodies of loops that a part refers to those of the whole."""
    bodies = len(joined.subgraphs) - 1
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.buffer += len(joined.buffers)
        for operator in graph.operators:
            operator.opcodeIndex += len(joined.operatorCodes)
            options = operator.builtinOptions
            for name in ("condSubgraphIndex", "bodySubgraphIndex"):
                if hasattr(options, name):
                    setattr(options, name, getattr(options, name) + bodies)


def _signature(inputs, outputs):
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = SIGNATURE.encode(), 0
    signature.inputs, signature.outputs = (
        [_entry(name, index) for name, index in each.items()] for each in (inputs, outputs)
    )
    return signature


def _entry(name, index):
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name.encode(), index
    return entry
