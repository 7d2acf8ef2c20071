"""An edited file runs, and holds what was written into it."""

import numpy as np
import tensorflow as tf

from centernet_tf.export import flatbuffer, flatbuffer_edit
from centernet_tf.export.tflite_convert import _convert
from centernet_tf.export.tflite_graphs import GraphPart

SHIFT = np.float32([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def model_of(function):
    part = GraphPart(lambda x: {"out": function(x)}, [tf.TensorSpec([2, 3], tf.float32, name="x")])
    return flatbuffer.parse(_convert(part))


def run(model):
    interpreter = tf.lite.Interpreter(model_content=flatbuffer.serialize(model))
    return interpreter.get_signature_runner()(x=np.zeros([2, 3], np.float32))["out"]


def test_reads_and_replaces_a_constant():
    model = model_of(lambda x: x + SHIFT)
    graph = model.subgraphs[0]
    (shift,) = [t for t in graph.tensors if flatbuffer.is_constant(model, t)]
    assert flatbuffer_edit.values(model, shift, np.float32).tolist() == SHIFT.ravel().tolist()
    flatbuffer_edit.store(model, shift, 10 * SHIFT)
    np.testing.assert_array_equal(run(model), 10 * SHIFT)


def test_adds_operators_of_a_kind_that_the_file_had_not():
    """The sum is folded and unfolded again before it is the result."""
    model = model_of(lambda x: x + SHIFT)
    graph = model.subgraphs[0]
    assert flatbuffer.operations(flatbuffer.serialize(model)) == ["ADD"]
    (total,) = graph.operators
    (result,) = total.outputs
    there = flatbuffer_edit.add_like(model, graph.tensors[result], "sum", [2, 3])
    flat = flatbuffer_edit.add_like(model, graph.tensors[result], "flat", [6])
    total.outputs = np.array([there], np.int32)
    graph.operators += [
        flatbuffer_edit.reshape_operator(model, there, flat),
        flatbuffer_edit.reshape_operator(model, flat, result),
    ]
    counts = flatbuffer.count_operations(flatbuffer.serialize(model))
    assert counts == {("ADD", "float32"): 1, ("RESHAPE", "float32"): 2}
    assert len(model.operatorCodes) == 2
    np.testing.assert_array_equal(run(model), SHIFT)


def test_a_constant_is_the_files_own():
    model = model_of(lambda x: x + SHIFT)
    index = flatbuffer_edit.add_int32(model, "margins", [[0, 0], [1, 2]])
    tensor = flatbuffer.parse(flatbuffer.serialize(model)).subgraphs[0].tensors[index]
    assert tensor.name == b"margins" and tensor.shape.tolist() == [2, 2]
    assert flatbuffer_edit.values(model, tensor, np.int32).tolist() == [0, 0, 1, 2]
