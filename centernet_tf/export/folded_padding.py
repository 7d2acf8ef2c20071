"""Padding of int8 maps by whole rows.

XNNPACK makes zeros around a float32 map a part of the convolution that reads it, but not those
around an int8 map or before a max-pool. It copies such a map pixel by pixel, which takes 0.2 ms for
128x160 of 32 channels, as long as a convolution. Where columns and channels are one axis, a row is
one piece: 0.03 ms.
"""

import numpy as np

from centernet_tf.export import flatbuffer, flatbuffer_edit


def with_folded_padding(quantized: bytes) -> bytes:
    """Returns a flatbuffer that pads int8 maps [1, H, W, C] as [1, H, 1, W * C]; the same values.

    Args:
      quantized: flatbuffer of one graph.
    """
    model = flatbuffer.parse(quantized)
    graph = model.subgraphs[0]
    operators = []
    for operator in graph.operators:
        is_padding = flatbuffer.kind(model, operator) == "PAD"
        if is_padding and _pads_an_int8_map(model, graph, operator):
            operators += _folded(model, graph, operator)
        else:
            operators.append(operator)
    graph.operators = operators
    return flatbuffer.serialize(model)


def _pads_an_int8_map(model, graph, operator) -> bool:
    source, margins = (graph.tensors[index] for index in operator.inputs)
    if flatbuffer.type_name(source) != "int8" or len(source.shape) != 4:
        return False
    margins = _margins(model, margins)
    return not margins[[0, 3]].any() and margins[2].any()


def _folded(model, graph, operator):
    """The operator between two that fold and unfold its map."""
    source, margins = operator.inputs
    (result,) = operator.outputs
    narrow, wide = graph.tensors[source], graph.tensors[result]
    name, channels = wide.name.decode(), wide.shape[3]
    rows, columns = _margins(model, graph.tensors[margins])[1:3]
    folded = flatbuffer_edit.add_like(model, narrow, f"{name}/folded", _folded_shape(narrow))
    padded = flatbuffer_edit.add_like(model, wide, f"{name}/padded", _folded_shape(wide))
    margins = [[0, 0], rows, [0, 0], columns * channels]
    margins = flatbuffer_edit.add_int32(model, f"{name}/margins", margins)
    operator.inputs = np.array([folded, margins], np.int32)
    operator.outputs = np.array([padded], np.int32)
    return [
        flatbuffer_edit.reshape_operator(model, source, folded),
        operator,
        flatbuffer_edit.reshape_operator(model, padded, result),
    ]


def _folded_shape(tensor):
    _, height, width, channels = tensor.shape
    return [1, height, 1, width * channels]


def _margins(model, tensor):
    return flatbuffer_edit.values(model, tensor, np.int32).reshape(4, 2)
