"""gRPC methods that are not offered, and messages that are none."""

import time

import pytest

grpc = pytest.importorskip("grpc")
pytest.importorskip("tensorflow_serving")
from tensorflow_serving.apis import (  # noqa: E402
    classification_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
    regression_pb2,
)

OFFERED = "The methods are GetModelMetadata, GetModelStatus, Predict; got "
SERVICE = "/tensorflow.serving.PredictionService"


@pytest.fixture
def server(make_server):
    return make_server()


@pytest.fixture
def channel(server):
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        yield channel


def refused(call, request):
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=30)
    return caught.value.code().name, caught.value.details()


def is_counted(server, kind, code, count):
    labels = f'protocol="grpc",method="{kind}",code="{code}"'
    return f"centernet_tf_requests_total{{{labels}}} {count}\n" in server.metrics.text(0, [])


def test_methods_that_are_not_offered_are_one_sentence(server, channel, caplog):
    predictions = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    models = model_service_pb2_grpc.ModelServiceStub(channel)
    for call, request in (
        (predictions.Classify, classification_pb2.ClassificationRequest()),
        (predictions.Regress, regression_pb2.RegressionRequest()),
        (predictions.MultiInference, inference_pb2.MultiInferenceRequest()),
        (models.HandleReloadConfigRequest, model_management_pb2.ReloadConfigRequest()),
        (channel.unary_unary("/grpc.health.v1.Health/Check"), b""),
    ):
        code, details = refused(call, request)
        assert code == "UNIMPLEMENTED" and details.startswith(OFFERED)
    assert details == f"{OFFERED}'/grpc.health.v1.Health/Check'."
    assert caplog.text == ""
    assert is_counted(server, "other", "UNIMPLEMENTED", 5)


def test_a_stream_is_refused_before_it_says_anything(channel):
    call = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
    with pytest.raises(grpc.RpcError) as caught:
        next(call(iter(lambda: time.sleep(0.01), 1), timeout=30))
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    "method, kind, message",
    [
        (f"{SERVICE}/Predict", "predict", "PredictRequest"),
        (f"{SERVICE}/GetModelMetadata", "metadata", "GetModelMetadataRequest"),
        ("/tensorflow.serving.ModelService/GetModelStatus", "status", "GetModelStatusRequest"),
    ],
)
def test_bytes_that_are_no_message_are_one_sentence(server, channel, caplog, method, kind, message):
    code, details = refused(channel.unary_unary(method), b"\xff\xff\xff")
    assert code == "INVALID_ARGUMENT"
    assert details == f"The message cannot be read as a {message}."
    assert caplog.text == ""
    assert is_counted(server, kind, "INVALID_ARGUMENT", 1)
