"""TensorFlow Serving's JSON, in and out."""

import gc
import json

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.serving import tensor_json
from centernet_tf.serving.faults import BadRequest


def info(dtype, shape):
    from tensorflow.core.protobuf.meta_graph_pb2 import TensorInfo

    return TensorInfo(dtype=dtype.as_datatype_enum, tensor_shape=tf.TensorShape(shape).as_proto())


STRING = {"image_bytes": info(tf.string, [None])}
PIXELS = {"image_tensor": info(tf.uint8, [None, None, None, 3])}
TWO = {"a": info(tf.float32, [None]), "b": info(tf.string, [None])}
ABC, DEF = {"b64": "YWJj"}, {"b64": "ZGVm"}


@pytest.mark.parametrize(
    "document",
    [
        {"instances": [ABC, DEF]},
        {"instances": [{"image_bytes": ABC}, {"image_bytes": DEF}]},
        {"inputs": [ABC, DEF]},
        {"inputs": {"image_bytes": [ABC, DEF]}},
        {"instances": ["abc", "def"], "signature_name": "serving_default"},
    ],
)
def test_every_form_of_the_same_request(document):
    parsed = tensor_json.parse_request(json.dumps(document).encode())
    values = tensor_json.decode_inputs(parsed, STRING)["image_bytes"]
    assert values.tolist() == [b"abc", b"def"]


@pytest.mark.parametrize(
    "text", ["YWJjZA==", "YWJjZA", "YWJj\nZA==\n", " YW JjZA = =", "YWJj\r\n\tZA"]
)
def test_base64_needs_no_padding_and_may_be_wrapped(text):
    document = {"instances": [{"b64": text}]}
    assert tensor_json.decode_inputs(document, STRING)["image_bytes"].tolist() == [b"abcd"]


def test_numbers_get_the_type_of_the_signature():
    pixels = [[[[0, 128, 255], [1, 2, 3]]]]
    values = tensor_json.decode_inputs({"instances": pixels}, PIXELS)["image_tensor"]
    assert values.dtype == np.uint8 and values.tolist() == pixels
    values = tensor_json.decode_inputs({"inputs": {"a": [1, 2.5], "b": ["x", "y"]}}, TWO)
    assert values["a"].dtype == np.float32 and values["a"].tolist() == [1.0, 2.5]


@pytest.mark.parametrize(
    "body, sentence",
    [
        (b"{", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[1]", "must be a JSON object"),
        (b"{}", 'either "instances" .* or "inputs"'),
        (b'{"inputs": 1, "instances": [1]}', 'either "instances" .* or "inputs"'),
        (b'{"inputs": 1, "signature_name": 3}', '"signature_name" must be a string; got 3'),
    ],
)
def test_bodies_that_are_no_request(body, sentence):
    with pytest.raises(BadRequest, match=sentence):
        tensor_json.parse_request(body)
    assert gc.isenabled()


@pytest.mark.parametrize(
    "document, wanted, sentence",
    [
        ({"instances": []}, STRING, "at least one row; got an empty list"),
        ({"instances": {"a": 1}}, STRING, "at least one row; got a dict"),
        ({"instances": "abc"}, STRING, 'at least one row; got "abc"'),
        ({"instances": [{"b64": "no base64!"}]}, STRING, "b64 of 'image_bytes' is not base64"),
        ({"instances": [{"b64": 3}]}, STRING, "b64 of 'image_bytes' must be a string; got 3"),
        ({"instances": [{"b64": "YWJjZ"}]}, STRING, "is not base64"),
        ({"instances": [{"b64": "YQ="}]}, STRING, "is not base64"),
        ({"instances": [{"b64": "YQ==YQ=="}]}, STRING, "is not base64"),
        ({"instances": [{"b64": "YW-j"}]}, STRING, "is not base64"),
        ({"instances": [{"b64": "YWJj\u00a0"}]}, STRING, "is not base64"),
        ({"instances": [3]}, STRING, "'image_bytes' takes strings, .* got 3"),
        ({"instances": [{"image": ABC}]}, STRING, "takes image_bytes; got image"),
        ({"instances": [{"image_bytes": ABC}, ABC]}, STRING, "must all name the same inputs"),
        ({"inputs": {}}, STRING, "got nothing"),
        ({"instances": [1, 2]}, TWO, "must be named: a, b"),
        ({"instances": [[[["x", "y", "z"]]]]}, PIXELS, 'of type uint8; got "x"'),
        ({"instances": [[[[0.5, 1, 2]]]]}, PIXELS, "of type uint8; got 0.5"),
        ({"instances": [[[[True, 1, 2]]]]}, PIXELS, "of type uint8; got true"),
        ({"instances": [[[[0, 1, 256]]]]}, PIXELS, "uint8; some values lie outside"),
        ({"instances": [[[[-1, 1, 2]]]]}, PIXELS, "uint8; some values lie outside"),
        ({"instances": [[[[10**30, 1, 2]]]]}, PIXELS, "image_tensor"),
        ({"instances": [[[[1, 2, 3]]], [[[1, 2]]]]}, PIXELS, "differ in their shapes"),
        ({"instances": [[], []]}, PIXELS, "holds an empty list"),
        ({"instances": [1, [2]]}, PIXELS, "differ in their shapes"),
        ({"instances": [["a"], ["a", "b"]]}, STRING, "differ in their shapes"),
        ({"instances": ["a", ["b"]]}, STRING, "differ in their shapes"),
        ({"instances": ["\ud800"]}, STRING, "is no text"),
        ({"inputs": {"a": [10**400], "b": ["x"]}}, TWO, "too large for float32"),
    ],
)
def test_values_that_do_not_fit(document, wanted, sentence):
    with pytest.raises(BadRequest, match=sentence):
        tensor_json.decode_inputs(document, wanted)


OUTPUTS = {
    "scores": np.float32([[0.5, 0.25], [1.0, 0.0]]),
    "names": np.array([["naïve".encode(), b""], [b"b", b"c"]], object),
    "crop_bytes": np.array([b"\xff", b"a"], object),
}


def test_answers_by_rows_and_by_columns():
    rows = json.loads(tensor_json.encode_outputs({"instances": []}, OUTPUTS))["predictions"]
    assert rows[0] == {"scores": [0.5, 0.25], "names": ["naïve", ""], "crop_bytes": {"b64": "/w=="}}
    columns = json.loads(tensor_json.encode_outputs({"inputs": []}, OUTPUTS))["outputs"]
    assert columns["scores"] == [[0.5, 0.25], [1.0, 0.0]]


def test_one_output_needs_no_name():
    one = {"scores": OUTPUTS["scores"]}
    expected = [[0.5, 0.25], [1.0, 0.0]]
    assert json.loads(tensor_json.encode_outputs({"instances": []}, one)) == {
        "predictions": expected
    }
    assert json.loads(tensor_json.encode_outputs({"inputs": []}, one)) == {"outputs": expected}
