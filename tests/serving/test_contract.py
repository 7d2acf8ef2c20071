"""What clients get over the wire is what the trained network says."""

import json
import urllib.request

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.export.api_outputs import detections_from_outputs
from centernet_tf.export.keras_predictor import KerasPredictor
from centernet_tf.export.serving_module import ServingModule
from centernet_tf.serving.options import ServingOptions
from centernet_tf.serving.server import EmbeddedServer
from tests.export.tiny_detector import encode, make_trained, textured_image
from tests.serving.conftest import QUICK
from tests.serving.toy_model import row_request

SIZES = [(64, 96), (120, 80), (50, 200), (33, 17), (150, 150), (97, 64), (240, 320), (65, 97)]
IMAGES = [textured_image(*size, seed) for seed, size in enumerate(SIZES)]
ENCODED = [encode(image) for image in IMAGES]


@pytest.fixture(scope="module")
def trained():
    return make_trained()


@pytest.fixture(scope="module")
def expected(trained):
    predictor = KerasPredictor(trained)
    return [predictor.predict(image) for image in IMAGES]


@pytest.fixture(scope="module")
def detector_server(trained, tmp_path_factory):
    base = tmp_path_factory.mktemp("served") / "detector"
    module = ServingModule(trained)
    tf.saved_model.save(module, str(base / "1"), signatures=module.signatures())
    server = EmbeddedServer("detector", str(base), ServingOptions(**QUICK))
    yield server
    server.stop()


def over_rest(server, encoded, signature):
    if signature == "image_tensor":
        pixels = [tf.io.decode_image(each).numpy().tolist() for each in encoded]
        body = json.dumps({"instances": pixels, "signature_name": signature}).encode()
    else:
        body = row_request(*encoded)
    address = f"http://127.0.0.1:{server.rest_port}/v1/models/detector:predict"
    with urllib.request.urlopen(address, body, timeout=60) as response:
        rows = json.load(response)["predictions"]
    return [{name: np.array(value) for name, value in row.items()} for row in rows]


def over_grpc(server, encoded, signature):
    grpc = pytest.importorskip("grpc")
    pytest.importorskip("tensorflow_serving")
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "detector", signature
    if signature == "image_tensor":
        values = np.stack([tf.io.decode_image(each).numpy() for each in encoded])
    else:
        values = encoded
    name = "image_tensor" if signature == "image_tensor" else "image_bytes"
    request.inputs[name].CopyFrom(tf.make_tensor_proto(values))
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        response = stub.Predict(request, timeout=60)
    arrays = {name: tf.make_ndarray(value) for name, value in response.outputs.items()}
    return [{name: value[row] for name, value in arrays.items()} for row in range(len(encoded))]


def assert_agree(rows, images, expected, categories):
    assert len(rows) == len(expected)
    for row, image, wanted in zip(rows, images, expected):
        found = detections_from_outputs(row, image.shape[:2], categories)
        assert wanted.count == found.count > 10
        np.testing.assert_array_equal(found.classes, wanted.classes)
        np.testing.assert_allclose(found.boxes, wanted.boxes, atol=0.1)
        np.testing.assert_allclose(found.scores, wanted.scores, atol=1e-3)


@pytest.mark.parametrize("ask", [over_rest, over_grpc])
@pytest.mark.parametrize("batch", [1, 3, 8])
def test_bytes_of_mixed_sizes_agree_row_by_row(detector_server, trained, expected, ask, batch):
    rows = ask(detector_server, ENCODED[:batch], "serving_default")
    assert_agree(rows, IMAGES[:batch], expected[:batch], trained.categories)


@pytest.mark.parametrize("ask", [over_rest, over_grpc])
def test_pixels_agree_row_by_row(detector_server, trained, expected, ask):
    rows = ask(detector_server, [ENCODED[0]] * 3, "image_tensor")
    assert_agree(rows, [IMAGES[0]] * 3, [expected[0]] * 3, trained.categories)


@pytest.mark.parametrize("ask", [over_rest, over_grpc])
def test_a_truncated_image_and_a_huge_header_spoil_only_their_rows(
    detector_server, trained, expected, ask
):
    jpeg = encode(IMAGES[1], "JPEG")
    header = bytearray(ENCODED[0])
    header[16:24] = (20_000).to_bytes(4, "big") * 2
    batch = [ENCODED[0], jpeg[: len(jpeg) // 2], bytes(header), ENCODED[2]]
    rows = ask(detector_server, batch, "serving_default")
    assert [int(row["image_status"]) for row in rows] == [0, 1, 2, 0]
    assert [int(row["num_detections"]) for row in rows[1:3]] == [0, 0]
    images = [IMAGES[0], IMAGES[2]]
    assert_agree([rows[0], rows[3]], images, [expected[0], expected[2]], trained.categories)
