"""Changing a TFLite flatbuffer: its constants, and new tensors and operators of its main graph."""

import copy
from typing import Sequence

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema


def values(model, tensor, dtype):
    """Returns the values of a constant tensor, flat."""
    return np.frombuffer(bytes(model.buffers[tensor.buffer].data), dtype)


def store(model, tensor, array) -> None:
    """Replaces the values of a constant tensor, whose shape and type stay."""
    model.buffers[tensor.buffer].data = np.frombuffer(array.tobytes(), np.uint8)


def add_int32(model, name: str, array) -> int:
    """Appends a constant int32 tensor; returns its index."""
    tensor, buffer = schema.TensorT(), schema.BufferT()
    tensor.name, tensor.type = name.encode(), schema.TensorType.INT32
    tensor.shape, tensor.buffer = np.array(np.shape(array), np.int32), len(model.buffers)
    model.buffers.append(buffer)
    store(model, tensor, np.array(array, np.int32))
    return _append(model, tensor)


def add_like(model, tensor, name: str, shape: Sequence[int]) -> int:
    """Appends a tensor of another's type and scale for an operator's result; returns its index."""
    result = copy.copy(tensor)
    result.name, result.shape, result.shapeSignature = (
        name.encode(),
        np.array(shape, np.int32),
        None,
    )
    return _append(model, result)


def reshape_operator(model, source: int, result: int):
    """Returns an operator that gives tensor `result` the values of tensor `source`."""
    tensor = model.subgraphs[0].tensors[result]
    name, shape = f"{tensor.name.decode()}/shape", tensor.shape
    operator, options = schema.OperatorT(), schema.ReshapeOptionsT()
    operator.opcodeIndex = _code(model, schema.BuiltinOperator.RESHAPE)
    operator.inputs = np.array([source, add_int32(model, name, shape)], np.int32)
    operator.outputs = np.array([result], np.int32)
    options.newShape = np.array(shape, np.int32)
    operator.builtinOptionsType = schema.BuiltinOptions.ReshapeOptions
    operator.builtinOptions = options
    return operator


def _append(model, tensor) -> int:
    tensors = model.subgraphs[0].tensors
    tensors.append(tensor)
    return len(tensors) - 1


def _code(model, builtin) -> int:
    """Where an operation is in the model's list, to which it is appended if need be."""
    for index, code in enumerate(model.operatorCodes):
        if builtin in (code.builtinCode, code.deprecatedBuiltinCode) and not code.customCode:
            return index
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = builtin
    code.version = 1
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1
