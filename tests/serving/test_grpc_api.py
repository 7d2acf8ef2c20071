"""gRPC as TensorFlow Serving's own client library speaks it."""

import time

import numpy as np
import pytest
import tensorflow as tf

grpc = pytest.importorskip("grpc")
pytest.importorskip("tensorflow_serving")
from tensorflow_serving.apis import (  # noqa: E402
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from tests.serving.toy_model import Gate  # noqa: E402


@pytest.fixture(scope="module")
def channel(server):
    with grpc.insecure_channel(
        f"127.0.0.1:{server.grpc_port}", options=[("grpc.max_send_message_length", -1)]
    ) as channel:
        yield channel


@pytest.fixture(scope="module")
def stub(channel):
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


def request_of(values, name="image_bytes", signature="", model="toy"):
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = model, signature
    request.inputs[name].CopyFrom(tf.make_tensor_proto(values))
    return request


def arrays(response):
    return {name: tf.make_ndarray(value) for name, value in response.outputs.items()}


def test_predict(stub):
    response = stub.Predict(request_of([b"abc", b"bad"]), timeout=30)
    assert response.model_spec.version.value == 1
    found = arrays(response)
    assert found["detection_scores"][:, 0].tolist() == [3.0, 3.0]
    assert found["image_status"].tolist() == [0, 1]
    assert found["detection_class_names"][0, 0].decode() == "naïve"


def test_another_signature_version_and_fewer_outputs(stub):
    request = request_of(np.ones([2, 4, 5, 3], np.uint8), "image_tensor", "image_tensor")
    request.model_spec.version.value = 1
    request.output_filter.append("detection_scores")
    found = arrays(stub.Predict(request, timeout=30))
    assert list(found) == ["detection_scores"]
    assert found["detection_scores"][:, 0].tolist() == [60.0, 60.0]


def test_the_signatures(stub):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "toy"
    response = stub.GetModelMetadata(request, timeout=30)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert "image_bytes" in signatures.signature_def["serving_default"].inputs


def test_the_state_of_the_versions(channel):
    stub = model_service_pb2_grpc.ModelServiceStub(channel)
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "toy"
    (status,) = stub.GetModelStatus(request, timeout=30).model_version_status
    assert (status.version, status.state) == (1, get_model_status_pb2.ModelVersionStatus.AVAILABLE)


def huge():
    """One value that stands for 30 GB."""
    request = request_of(np.ones([1, 1, 1, 3], np.uint8), "image_tensor", "image_tensor")
    proto = request.inputs["image_tensor"]
    proto.tensor_content = b""
    proto.int_val.append(1)
    for side, size in zip(proto.tensor_shape.dim, (1, 100_000, 100_000, 3)):
        side.size = size
    return request


def broken():
    request = request_of([b"a"])
    request.inputs["image_bytes"].tensor_shape.dim[0].size = -1
    return request


def other_version():
    request = request_of([b"a"])
    request.model_spec.version.value = 9
    return request


def many_strings():
    """One empty string that stands for 800 MB of them."""
    request = request_of([b""])
    request.inputs["image_bytes"].tensor_shape.dim[0].size = 10_000_000
    return request


def no_type():
    request = request_of([b"a"])
    request.inputs["image_bytes"].dtype = 99
    return request


def pixel_of(*values):
    """A pixel whose values travel as 32-bit numbers, as clients without NumPy write them."""
    request = request_of(np.ones([1, 1, 1, 3], np.uint8), "image_tensor", "image_tensor")
    proto = request.inputs["image_tensor"]
    proto.tensor_content = b""
    proto.int_val.extend(values)
    return request


def test_small_integers_may_travel_as_large_ones(stub):
    found = arrays(stub.Predict(pixel_of(0, 255, 7), timeout=30))
    assert found["detection_scores"][0, 0] == 262.0


@pytest.mark.parametrize(
    "request_proto, code, sentence",
    [
        (request_of([b"a"], model="cat"), "NOT_FOUND", "There is no model 'cat'"),
        (other_version(), "NOT_FOUND", "does not serve version 9"),
        (request_of([b"a"], signature="tf_exampl"), "INVALID_ARGUMENT", "no signature 'tf_exampl'"),
        (request_of([b"a"], name="image"), "INVALID_ARGUMENT", "takes 'image_bytes'; got 'image'"),
        (request_of([1.5]), "INVALID_ARGUMENT", "of type string; got float32"),
        (request_of([[b"a"]]), "INVALID_ARGUMENT", "has the shape"),
        (request_of([b"a"] * 17), "INVALID_ARGUMENT", "17 rows; at most 16"),
        (pixel_of(300, 1, 1), "INVALID_ARGUMENT", "of type uint8; some values lie outside it"),
        (pixel_of(1, 1, -3), "INVALID_ARGUMENT", "of type uint8; some values lie outside it"),
        (huge(), "INVALID_ARGUMENT", "is too large"),
        (many_strings(), "INVALID_ARGUMENT", "is too large"),
        (no_type(), "INVALID_ARGUMENT", "is no tensor"),
        (broken(), "INVALID_ARGUMENT", "no whole shape"),
        (predict_pb2.PredictRequest(), "NOT_FOUND", "There is no model ''"),
        (request_of([bytes(2**21)]), "RESOURCE_EXHAUSTED", "larger than max"),
    ],
)
def test_what_cannot_be_served_gets_its_code_and_a_sentence(stub, request_proto, code, sentence):
    with pytest.raises(grpc.RpcError) as caught:
        stub.Predict(request_proto, timeout=30)
    assert caught.value.code().name == code
    assert sentence in caught.value.details()


def test_the_deadline_of_the_client_holds(make_server):
    server = make_server()
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        with Gate(server), pytest.raises(grpc.RpcError) as caught:
            stub.Predict(request_of([b"a"]), timeout=0.3)
        assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        assert arrays(stub.Predict(request_of([b"ab"]), timeout=30))["image_status"].size == 1


def test_messages_count_in_the_memory_of_all_requests(make_server):
    server = make_server(max_pending_mb=1.0)
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        with Gate(server) as gate:
            first = stub.Predict.future(request_of([bytes(600_000)]), timeout=30)
            assert gate.reached.wait(10)
            with pytest.raises(grpc.RpcError) as caught:
                stub.Predict(request_of([bytes(600_000)]), timeout=30)
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
        assert "Other requests fill the memory" in caught.value.details()
        assert first.result() and stub.Predict(request_of([bytes(600_000)]), timeout=30)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Predict(request_of([bytes(1_200_000)]), timeout=30)
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_calls_beyond_the_queue_are_refused_as_what_may_be_over_later(make_server):
    server = make_server(max_queue=1, max_batch_size=1)
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        with Gate(server) as gate:
            calls = [stub.Predict.future(request_of([b"a"]), timeout=30)]
            assert gate.reached.wait(10)
            calls += [stub.Predict.future(request_of([b"a"]), timeout=30) for _ in range(39)]
            while sum(call.done() for call in calls) < 38:
                time.sleep(0.01)
            refused = [call for call in calls if call.done()]
        assert {call.code().name for call in refused} <= {"UNAVAILABLE", "RESOURCE_EXHAUSTED"}
        assert sum(call.code() == grpc.StatusCode.OK for call in calls) == 2
