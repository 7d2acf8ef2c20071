"""The client: its retries, its threads, and what it leaves on disk."""

import json
import socket
import threading

import numpy as np
import pytest
from PIL import Image

from centernet_tf.data.annotations import Category
from centernet_tf.errors import UserError
from centernet_tf.export.prediction_run import write_predictions
from centernet_tf.serving import client_faults
from centernet_tf.serving.client_faults import RequestFailed, with_retries
from centernet_tf.serving.client_run import ClientRun, Timings, make_client, read_labels
from tests.serving.toy_model import Gate


@pytest.fixture
def paths(tmp_path, rng):
    found = []
    for index in range(7):
        found.append(str(tmp_path / f"{index}.png"))
        Image.fromarray(rng.integers(0, 256, [10, 20 + index, 3], np.uint8)).save(found[-1])
    return found


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(client_faults, "FIRST_WAIT_SECONDS", 0.001)


def clients(server):
    yield make_client("rest", f"127.0.0.1:{server.rest_port}", "toy", 30.0)
    yield make_client("grpc", f"127.0.0.1:{server.grpc_port}", "toy", 30.0)


def test_both_protocols_write_the_same_in_the_order_of_the_files(server, paths, tmp_path):
    documents = []
    for client in clients(server):
        run = ClientRun(client, concurrency=3, batch_size=2)
        out = str(tmp_path / str(len(documents)))
        results = run.results(paths)
        documents.append(write_predictions(results, paths, run.categories, out, 0.5, draw=False))
        assert (len(run.timings.seconds), run.timings.images) == (4, 7)
        assert run.timings.line().startswith("4 requests: p50 ")
    one, other = documents
    assert [image["file_name"] for image in one["images"]] == paths
    assert [image["width"] for image in one["images"]] == list(range(20, 27))
    # The toy model scores by the bytes of the file, so that mixed-up rows would show.
    with_sizes = [len(open(path, "rb").read()) for path in paths]  # noqa: SIM115
    assert [found["score"] for found in one["annotations"]] == with_sizes
    assert one["annotations"][3]["bbox"] == pytest.approx([0.2 * 23, 1.0, 0.4 * 23, 4.0], abs=1e-4)
    assert one["categories"] == [{"id": 7, "name": "naïve"}]
    assert json.dumps(one) == json.dumps(other)


def test_labels_list_all_classes(server, paths, tmp_path):
    labels = tmp_path / "labels.json"
    labels.write_text('[{"id": 3, "name": "disc"}, {"id": 7, "name": "naïve"}]', encoding="utf-8")
    run = ClientRun(next(clients(server)), categories=read_labels(str(labels)))
    results = list(run.results(paths[:1]))
    assert run.categories == [Category(3, "disc"), Category(7, "naïve")]
    assert results[0].found.classes.tolist() == [1]
    labels.write_text("{}")
    with pytest.raises(UserError, match="is no list of classes"):
        read_labels(str(labels.parent / "none.json"))


def test_an_unreadable_file_is_a_fault_of_its_own(server, paths, tmp_path):
    (tmp_path / "text.png").write_text("hello")
    mixed = [paths[0], str(tmp_path / "text.png"), paths[1]]
    results = list(ClientRun(next(clients(server)), batch_size=3).results(mixed))
    assert [result.fault is None for result in results] == [True, False, True]
    assert "no image" in results[1].fault.reason


def test_what_the_server_cannot_read_is_named(paths):
    class Strict:
        def detect(self, images):
            return [{"image_status": np.array(2)} for _ in images]

    (result,) = ClientRun(Strict()).results(paths[:1])
    assert "the server says that it has more pixels than" in result.fault.reason


def test_a_busy_server_is_asked_again(make_server, paths):
    server = make_server(max_queue=1, max_batch_size=1)
    client = make_client("rest", f"127.0.0.1:{server.rest_port}", "toy", 30.0)
    run = ClientRun(client, concurrency=4, attempts=20)
    with Gate(server) as gate:
        threading.Timer(0.3, gate.opened.set).start()
        results = list(run.results(paths[:4]))
    assert all(result.fault is None for result in results)
    assert run.timings.retries > 0


@pytest.mark.parametrize("attempts", [1, 3])
def test_attempts_end(attempts):
    calls = []

    def request():
        calls.append(1)
        raise RequestFailed("busy", retry=True)

    with pytest.raises(RequestFailed, match="busy"):
        with_retries(request, attempts)
    assert len(calls) == attempts


def test_what_will_never_succeed_is_not_tried_again(server):
    for client in clients(server):
        calls = []

        def request(client=client, calls=calls):
            calls.append(1)
            return client.detect([b"a"] * 17)

        with pytest.raises(RequestFailed, match="17 rows; at most 16"):
            with_retries(request, 5)
        assert len(calls) == 1


def test_waits_double_and_follow_the_server(monkeypatch):
    waits = []
    monkeypatch.setattr(client_faults, "FIRST_WAIT_SECONDS", 1.0)
    monkeypatch.setattr(client_faults.random, "uniform", lambda low, high: high)
    faults = iter([RequestFailed("a", True), RequestFailed("b", True, wait=9.0)])

    def request():
        for fault in faults:
            raise fault
        return "answer"

    assert with_retries(request, 5, pause=waits.append) == "answer"
    assert waits == [1.0, 9.0]


def test_a_server_that_is_not_there_is_one_sentence():
    for protocol in ("rest", "grpc"):
        client = make_client(protocol, "127.0.0.1:1", "toy", 2.0)
        with pytest.raises(RequestFailed, match="127.0.0.1:1") as caught:
            client.detect([b"a"])
        assert caught.value.retry


@pytest.mark.parametrize(
    "address, fault, advice",
    [
        (
            "localhost",
            ConnectionRefusedError(),
            r" No port .* 80 was asked; give host:port \(.* 8501",
        ),
        ("https://localhost", TimeoutError(), " No port was given, so that 443 was asked"),
        ("localhost:1", ConnectionRefusedError(), "$"),
        ("nowhere", socket.gaierror(-2, "Name not known"), "$"),
    ],
)
def test_a_port_that_is_missing_is_named(monkeypatch, address, fault, advice):
    def connect(*_, **__):
        raise fault

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(RequestFailed, match=rf"^Cannot reach [a-z0-9:]*: [^.]*\.{advice}"):
        make_client("rest", address, "toy", 2.0).detect([b"a"])


@pytest.mark.parametrize(
    "status, body, sentence",
    [
        (200, b'{"outputs": 1}', "no predictions by name: {.outputs"),
        (200, b'{"predictions": [1]}', "no predictions by name"),
        (200, b'{"predictions": [{"a": [[1], [1, 2]]}]}', "no predictions by name"),
        (200, b'{"predictions": 3}', "no predictions by name"),
        (200, b"[1]", "no predictions by name"),
        (200, b"<html>", "no predictions by name: <html>"),
        (200, b'{"predictions": []}', "0 predictions for 1 images"),
        (404, b'"no such page"', 'answered 404: "no such page"'),
        (404, b'{"error": "no model"}', "answered 404: no model"),
        (404, b"[]", r"answered 404: \[\]"),
    ],
)
def test_answers_of_something_else_are_one_sentence(monkeypatch, status, body, sentence):
    client = make_client("rest", "localhost:1", "toy", 1.0)
    monkeypatch.setattr(client, "_post", lambda _: (status, {}, body))
    with pytest.raises(RequestFailed, match=sentence) as caught:
        client.detect([b"a"])
    assert not caught.value.retry


def test_another_model_is_one_sentence(paths):
    class Classifier:
        def detect(self, images):
            return [{"classes": np.array(2)} for _ in images]

    with pytest.raises(RequestFailed, match="num_detections, .*, detection_boxes; it is no"):
        list(ClientRun(Classifier()).results(paths[:1]))


def test_a_message_that_is_too_large_is_not_sent_again(server):
    client = make_client("grpc", f"127.0.0.1:{server.grpc_port}", "toy", 30.0)
    with pytest.raises(RequestFailed, match="RESOURCE_EXHAUSTED.*larger than max") as caught:
        client.detect([bytes(2**21)])
    assert not caught.value.retry


def test_after_a_failure_nothing_more_is_sent(paths):
    asked, lock = [], threading.Lock()

    class Failing:
        def detect(self, images):
            with lock:
                asked.append(images)
                number = len(asked)
            # The second would wait for its turn to try again for an hour.
            raise RequestFailed("no", retry=number > 1, wait=3600.0)

    with pytest.raises(RequestFailed, match="no"):
        list(ClientRun(Failing(), concurrency=2).results(paths * 10))
    assert len(asked) <= 2


def test_the_failure_that_ended_a_run_is_told(paths):
    """Also where the first request has not been sent by then."""
    failed = threading.Event()

    class Failing:
        def detect(self, images):
            failed.set()
            raise RequestFailed("the true reason", retry=False)

    run = ClientRun(Failing(), concurrency=2)
    send = run._send

    def first_one_last(chunk):
        if chunk == paths[:1]:
            assert failed.wait(10) and run._ended.wait(10)
        return send(chunk)

    run._send = first_one_last
    with pytest.raises(RequestFailed, match="the true reason"):
        list(run.results(paths))


def test_without_answers_there_are_no_percentiles():
    assert Timings().line() == "No request was answered."


def test_a_port_that_speaks_no_http():
    """As gRPC's does, which sends settings first; nobody would be helped by a further attempt."""
    with socket.create_server(("localhost", 0)) as listener:

        def answer():
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" * 4 + b"\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        client = make_client("rest", f"localhost:{listener.getsockname()[1]}", "toy", 5.0)
        with pytest.raises(RequestFailed, match="does not speak HTTP; .* --protocol=grpc") as fault:
            client.detect([b"x"])
        thread.join()
    assert not fault.value.retry


def test_a_port_that_speaks_no_grpc(server):
    client = make_client("grpc", f"127.0.0.1:{server.rest_port}", "toy", 30.0)
    with pytest.raises(RequestFailed, match="does not speak gRPC; .* --protocol=rest") as fault:
        client.detect([b"x"])
    assert not fault.value.retry
