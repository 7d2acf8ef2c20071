"""Joining flatbuffers, against the functions they were converted from."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.export import flatbuffer
from centernet_tf.export.tflite_convert import _convert
from centernet_tf.export.tflite_graphs import GraphPart


def spec(name, *shape, dtype=tf.float32):
    return tf.TensorSpec(shape, dtype, name=name)


def first(image):
    pixels = tf.cast(image, tf.float32)
    return {"mean": tf.reduce_mean(pixels, axis=[1, 2]), "size": tf.shape(image)[1:3]}


@pytest.fixture(scope="module")
def parts():
    weights = tf.Variable(np.float32(np.arange(12).reshape(3, 4)))
    return [
        _convert(GraphPart(first, [spec("image", 1, None, None, 3, dtype=tf.uint8)])),
        _convert(
            GraphPart(lambda mean: {"mixed": mean @ weights}, [spec("mean", 1, 3)], [weights])
        ),
        _convert(
            GraphPart(
                lambda mixed, size: {"sum": mixed + tf.cast(tf.reduce_sum(size), tf.float32)},
                [spec("mixed", 1, 4), spec("size", 2, dtype=tf.int32)],
            )
        ),
    ]


def test_the_whole_says_what_the_parts_say(parts, rng):
    joined = flatbuffer.join(parts, [1, 5, 7, 3], ["sum", "mean"])
    interpreter = tf.lite.Interpreter(model_content=joined)
    run = interpreter.get_signature_runner("serving_default")
    weights = np.arange(12).reshape(3, 4)
    for size in ((5, 7), (2, 9)):
        image = rng.integers(0, 256, [1, *size, 3], np.uint8)
        mean = image.mean((1, 2))
        found = run(image=image)
        assert sorted(found) == ["mean", "sum"]
        np.testing.assert_allclose(found["mean"], mean, rtol=1e-5)
        np.testing.assert_allclose(found["sum"], mean @ weights + sum(size), rtol=1e-5)


def test_order_names_and_first_size(parts):
    joined = flatbuffer.join(parts, [1, 5, 7, 3], ["sum", "mean"])
    interpreter = tf.lite.Interpreter(model_content=joined)
    (image,) = interpreter.get_input_details()
    assert list(image["shape"]) == [1, 5, 7, 3] and list(image["shape_signature"])[1:3] == [-1, -1]
    outputs = interpreter.get_output_details()
    assert [list(entry["shape"]) for entry in outputs] == [[1, 4], [1, 3]]
    names = [entry["name"] for entry in outputs]
    assert names == ["StatefulPartitionedCall:0", "StatefulPartitionedCall:1"]
    assert flatbuffer.output_shapes(joined) == {"sum": [1, 4], "mean": [1, 3]}


def test_counts_the_operations_of_all_parts(parts):
    joined = flatbuffer.join(parts, [1, 5, 7, 3], ["sum"])
    counts = flatbuffer.count_operations(joined)
    assert counts["FULLY_CONNECTED", "float32"] == 1
    assert counts["MEAN", "float32"] == 1
    assert sum(counts.values()) == sum(
        sum(flatbuffer.count_operations(part).values()) for part in parts
    )
    assert set(flatbuffer.operations(joined)) == {name for name, _ in counts}
