"""One scale for all channels of transposed convolutions.

XNNPACK in TensorFlow 2.15 refuses int8 transposed convolutions whose weights have a scale a
channel, and runs what lies between them in pieces; newer ones take both. Other convolutions keep
their scale a channel, which is more accurate.
"""

import numpy as np

from centernet_tf.export import flatbuffer, flatbuffer_edit


def with_one_scale(quantized: bytes) -> bytes:
    """Returns a flatbuffer whose int8 transposed convolutions have one scale of weights each.

    Args:
      quantized: flatbuffer of one graph. Operations may share weights, as those of an image and of
        its mirror image do; biases are their own then, since their scale is the input's, too.
    """
    model = flatbuffer.parse(quantized)
    graph = model.subgraphs[0]
    rescaled = set()
    for operator in graph.operators:
        if flatbuffer.kind(model, operator) != "TRANSPOSE_CONV":
            continue
        # Size of the output, weights, input and, where there is one, bias.
        _, weights, source, *bias = flatbuffer.tensor_list(operator.inputs)
        if flatbuffer.type_name(graph.tensors[weights]) != "int8":
            continue
        if weights not in rescaled:
            _rescale_weights(model, graph.tensors[weights])
        for index in set(bias) - rescaled:
            _rescale_bias(model, *(graph.tensors[each] for each in (index, source, weights)))
        rescaled.update([weights, *bias])
    return flatbuffer.serialize(model)


def _rescale_weights(model, weights):
    """Writes weights [Cout, h, w, Cin] anew, with the scale that their largest value asks for."""
    scales = _scales(weights)
    values = flatbuffer_edit.values(model, weights, np.int8)
    exact = values.reshape(len(scales), -1) * scales[:, np.newaxis]
    scale = np.abs(exact).max() / 127 or 1.0
    flatbuffer_edit.store(model, weights, np.rint(exact / scale).astype(np.int8))
    _set_scale(weights, scale)


def _rescale_bias(model, bias, source, weights):
    """Writes a bias [Cout] anew, for weights that have one scale already."""
    exact = flatbuffer_edit.values(model, bias, np.int32) * _scales(bias)
    (scale,) = _scales(source) * _scales(weights)
    flatbuffer_edit.store(model, bias, np.rint(exact / scale).astype(np.int32))
    _set_scale(bias, scale)


def _scales(tensor):
    """The scales as float64 [n]; 1 value for a whole tensor, or one a channel."""
    return np.asarray(tensor.quantization.scale, np.float64)


def _set_scale(tensor, scale):
    tensor.quantization.scale = np.float32([scale])
    tensor.quantization.zeroPoint = np.int64([0])
    tensor.quantization.quantizedDimension = 0
