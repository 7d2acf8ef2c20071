"""One scale for all channels of transposed convolutions.

XNNPACK in TensorFlow 2.15 refuses int8 transposed convolutions whose weights have a scale a
channel, and runs what lies between them in pieces; newer ones take both. Other convolutions keep
their scale a channel, which is more accurate.
"""

import numpy as np

from centernet_tf.export import flatbuffer


def with_one_scale(quantized: bytes) -> bytes:
    """Returns a flatbuffer whose int8 transposed convolutions have one scale of weights each.

    Args:
      quantized: flatbuffer of one graph; a tensor of weights belongs to one operation.
    """
    model = flatbuffer.parse(quantized)
    graph = model.subgraphs[0]
    for operator in graph.operators:
        tensors = [graph.tensors[index] for index in flatbuffer.tensor_list(operator.inputs)]
        if flatbuffer.kind(model, operator) != "TRANSPOSE_CONV":
            continue
        # Size of the output, weights, input and, where there is one, bias.
        weights, source, *bias = tensors[1:]
        if flatbuffer.type_name(weights) == "int8":
            _rescale(model, weights, source, *bias)
    return flatbuffer.serialize(model)


def _rescale(model, weights, source, bias=None):
    """Writes weights [Cout, h, w, Cin] and bias [Cout] anew."""
    scales = np.float64(weights.quantization.scale)
    stored = _values(model, weights, np.int8).reshape(len(scales), -1)
    exact = stored * scales[:, np.newaxis]
    scale = np.abs(exact).max() / 127 or 1.0
    _store(model, weights, np.rint(exact / scale).astype(np.int8))
    _set_scale(weights, scale)
    if bias is not None:
        before = np.float64(bias.quantization.scale)
        exact = _values(model, bias, np.int32) * before
        after = np.float64(source.quantization.scale[0]) * scale
        _store(model, bias, np.rint(exact / after).astype(np.int32))
        _set_scale(bias, after)


def _values(model, tensor, dtype):
    return np.frombuffer(bytes(model.buffers[tensor.buffer].data), dtype)


def _store(model, tensor, values):
    model.buffers[tensor.buffer].data = np.frombuffer(values.tobytes(), np.uint8)


def _set_scale(tensor, scale):
    tensor.quantization.scale = np.float32([scale])
    tensor.quantization.zeroPoint = np.int64([0])
    tensor.quantization.quantizedDimension = 0
