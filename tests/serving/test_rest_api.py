"""REST as TensorFlow Serving speaks it."""

import json
import re

import pytest

from tests.serving.toy_model import row_request, scores_of

MODEL = "/v1/models/toy"


def test_the_state_of_the_versions(server, ask):
    expected = {"version": "1", "state": "AVAILABLE"}
    for path in (MODEL, f"{MODEL}/versions/1"):
        status, body = ask(server, "GET", path)
        (entry,) = json.loads(body)["model_version_status"]
        assert status == 200 and expected.items() <= entry.items()
        assert entry["status"] == {"error_code": "OK", "error_message": ""}


def test_the_signatures(server, ask):
    status, body = ask(server, "GET", f"{MODEL}/metadata")
    document = json.loads(body)
    assert status == 200
    assert document["model_spec"] == {"name": "toy", "signature_name": "", "version": "1"}
    signature = document["metadata"]["signature_def"]["signature_def"]["image_tensor"]
    assert signature["method_name"] == "tensorflow/serving/predict"
    pixels = signature["inputs"]["image_tensor"]
    assert pixels["dtype"] == "DT_UINT8"
    sizes = [side["size"] for side in pixels["tensor_shape"]["dim"]]
    assert sizes == ["-1", "-1", "-1", "3"] and not pixels["tensor_shape"]["unknown_rank"]


@pytest.mark.parametrize("path", [f"{MODEL}:predict", f"{MODEL}/versions/1:predict"])
def test_predictions_by_rows(server, ask, path):
    status, body = ask(server, "POST", path, row_request(b"abc", b"bad", b"12345"))
    assert status == 200 and scores_of(body).tolist() == [3.0, 3.0, 5.0]
    rows = json.loads(body)["predictions"]
    assert [row["image_status"] for row in rows] == [0, 1, 0]
    assert rows[0]["detection_class_names"] == ["naïve", ""]


def test_predictions_by_columns_of_another_signature(server, ask):
    pixels = [[[[1, 2, 3]]], [[[4, 5, 6]]]]
    body = json.dumps({"inputs": pixels, "signature_name": "image_tensor"}).encode()
    status, body = ask(server, "POST", f"{MODEL}:predict", body)
    assert status == 200
    assert json.loads(body)["outputs"]["detection_scores"] == [[6.0, 0.0], [15.0, 0.0]]


@pytest.mark.parametrize(
    "verb, path, body, status, sentence",
    [
        ("GET", "/v1/models/cat", None, 404, "There is no model 'cat'; 'toy' is served."),
        ("POST", "/v1/models/cat:predict", row_request(b"a"), 404, "There is no model 'cat'"),
        ("GET", f"{MODEL}/versions/9", None, 404, "has no version 9"),
        ("POST", f"{MODEL}/versions/9:predict", row_request(b"a"), 404, "serves 1"),
        ("GET", f"{MODEL}/versions/new", None, 400, "A version is a number; got 'new'"),
        ("GET", f"{MODEL}/versions/{2**63 - 1}", None, 404, f"has no version {2**63 - 1}"),
        ("GET", f"{MODEL}/versions/{2**63}", None, 400, f"at most {2**63 - 1}; got '{2**63}'"),
        ("GET", f"{MODEL}/versions/{'9' * 5000}", None, 400, f"at most {2**63 - 1}; got '9{{40}}'"),
        ("GET", "/v1", None, 404, "nothing at /v1; the model is at /v1/models/toy"),
        ("POST", "/nothing", b"", 404, "nothing at /nothing; the model is at /v1/models/toy"),
        ("POST", "/v1/models/a/b:predict", b"{}", 404, "nothing at /v1/models/a/b:predict"),
        ("POST", "/v1/models/cat", b"", 404, "There is no model 'cat'"),
        ("GET", "/v1/models/cat:predict", None, 404, "There is no model 'cat'"),
        ("GET", f"{MODEL}/labels/stable", None, 400, "^Versions have no labels here; got 'stable'"),
        ("GET", f"{MODEL}/labels/stable/metadata", None, 400, "no labels here; got 'stable'"),
        ("POST", f"{MODEL}/labels/stable:predict", b"{}", 400, "no labels here; got 'stable'"),
        ("GET", f"{MODEL}:predict", None, 405, "takes POST; got GET"),
        ("POST", MODEL, b"", 405, "takes GET; got POST"),
        ("POST", f"{MODEL}:classify", b"{}", 400, "answers :predict; got :classify"),
        ("POST", f"{MODEL}:predict", b"nonsense", 400, "The body is no JSON"),
        ("POST", f"{MODEL}:predict", b'{"instances": [3]}', 400, "takes strings"),
        (
            "POST",
            f"{MODEL}:predict",
            row_request(b"a", signature_name="image_tensr"),
            400,
            "no signature 'image_tensr'; .* Did you mean 'image_tensor'",
        ),
        ("POST", f"{MODEL}:predict", b'{"instances": [["a"]]}', 400, "has the shape"),
        ("POST", f"{MODEL}:predict", row_request(*[b"a"] * 17), 400, "17 rows; at most 16"),
        (
            "POST",
            f"{MODEL}:predict",
            b'{"inputs": [[[[99, 99, 99]], [[0, 0, 0]]], [[[1, 1, 1]]]], '
            b'"signature_name": "image_tensor"}',
            400,
            "differ in their shapes",
        ),
        (
            "POST",
            f"{MODEL}:predict",
            json.dumps({"inputs": [[[[250] * 3] * 10]], "signature_name": "image_tensor"}).encode(),
            400,
            "The model cannot use the request: .*too bright",
        ),
    ],
)
def test_what_cannot_be_served_gets_its_code_and_a_sentence(
    server, ask, verb, path, body, status, sentence
):
    found, body = ask(server, verb, path, body)
    assert found == status
    assert re.search(sentence, json.loads(body)["error"])


def test_refusals_are_counted_without_a_time(make_server, ask):
    server = make_server()
    for body, status in ((row_request(b"a"), 200), (b"{}", 400), (bytes(40_000_000), 413)):
        assert ask(server, "POST", f"{MODEL}:predict", body)[0] == status
    text = ask(server, "GET", "/metrics")[1].decode()
    assert "centernet_tf_predict_seconds_count 1\n" in text
    assert 'method="predict",code="413"} 1' in text


def test_a_query_changes_nothing_about_what_is_counted(make_server, ask):
    server = make_server(max_body_mb=0.001)
    for body, status in ((row_request(b"a"), 200), (bytes(2000), 413)):
        assert ask(server, "POST", f"{MODEL}:predict?x=1", body)[0] == status
    assert ask(server, "GET", f"{MODEL}/metadata?x=1")[0] == 200
    text = ask(server, "GET", "/metrics")[1].decode()
    assert "centernet_tf_predict_seconds_count 1\n" in text
    for method, code in (("predict", 200), ("predict", 413), ("metadata", 200)):
        assert f'method="{method}",code="{code}"}} 1\n' in text


def test_the_counters(server, ask):
    ask(server, "POST", f"{MODEL}:predict", row_request(b"abc", b"bad"))
    ask(server, "GET", "/v1/models/anything")
    for path in ("/metrics", "/monitoring/prometheus/metrics"):
        status, body = ask(server, "GET", path)
        text = body.decode()
        assert status == 200
        for line in (
            'centernet_tf_requests_total{protocol="rest",method="predict",code="200"} ',
            'centernet_tf_requests_total{protocol="rest",method="status",code="404"} ',
            'centernet_tf_predict_seconds_bucket{le="+Inf"} ',
            'centernet_tf_images_total{image_status="1"} ',
            'centernet_tf_version_served{version="1"} 1',
            "process_resident_memory_bytes ",
        ):
            assert line in text
        assert "anything" not in text
