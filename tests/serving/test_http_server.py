"""Hostile and unlucky clients: each gets its answer, and the others do not notice."""

import http.client
import json
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from centernet_tf.serving import http_server
from centernet_tf.serving.http_connection import Connection
from centernet_tf.serving.metrics import resident_bytes
from tests.serving.toy_model import Gate, row_request, scores_of

PREDICT = "/v1/models/toy:predict"


@pytest.fixture
def in_flight(server, ask):
    """Asks the shared server all the time; at the end no request may have failed."""
    stopped, answers = threading.Event(), []

    def work():
        while not stopped.is_set():
            answers.append(ask(server, "POST", PREDICT, row_request(b"abcd")))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    yield
    stopped.set()
    for thread in threads:
        thread.join()
    assert answers and all(status == 200 for status, _ in answers)
    assert all(scores_of(body).tolist() == [4.0] for _, body in answers)


def connect(server):
    return socket.create_connection(("127.0.0.1", server.rest_port), timeout=30)


def read_answer(connection):
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response.status, json.loads(response.read())["error"]


def head(length, extra=""):
    return f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{extra}\r\n".encode()


@pytest.mark.usefixtures("in_flight")
def test_a_body_of_100_mb_is_refused_without_being_kept(server, ask):
    before = resident_bytes()
    status, body = ask(server, "POST", PREDICT, bytes(100_000_000))
    assert status == 413
    assert json.loads(body)["error"] == "The body has 100000000 bytes; at most 1048576 are taken."
    # This process holds the client's copy for a while; the server adds none.
    assert resident_bytes() - before < 180_000_000


@pytest.mark.usefixtures("in_flight")
def test_a_client_that_asks_first_need_not_send(server):
    with connect(server) as connection:
        connection.sendall(head(100_000_000, "Expect: 100-continue\r\n"))
        assert read_answer(connection)[0] == 413
    with connect(server) as connection:
        body = row_request(b"abc")
        connection.sendall(head(len(body), "Expect: 100-continue\r\nConnection: close\r\n"))
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert b"predictions" in connection.makefile("rb").read()


@pytest.mark.parametrize(
    "request_head, status, sentence",
    [
        (head("many"), 400, "must be a number; got 'many'"),
        (head("-5"), 400, "must be a number; got '-5'"),
        (head(5, "Content-Length: 6\r\n"), 400, "one Content-Length; got 2"),
        (head("9" * 30), 413, "at most 1048576"),
        (head(5, "Transfer-Encoding: chunked\r\n"), 411, "not in chunks"),
        (b"BREW /coffee HTTP/1.1\r\n\r\n", 501, "Unsupported method"),
        (b"nonsense\r\n\r\n", 400, "Bad request syntax"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414, "cannot be read"),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431, "cannot be read"),
    ],
)
def test_heads_that_make_no_sense(server, request_head, status, sentence):
    with connect(server) as connection:
        connection.sendall(request_head)
        found, said = read_answer(connection)
    assert found == status and sentence in said


def test_a_body_that_ends_early(server):
    with connect(server) as connection:
        connection.sendall(head(100) + b"abc")
        connection.shutdown(socket.SHUT_WR)
        assert read_answer(connection) == (400, "The body ended 97 bytes early.")


def test_a_client_that_leaves_without_a_word(server, ask):
    for sent in (b"", b"GET", head(1000) + b"a"):
        connect(server).close()
        with connect(server) as connection:
            connection.sendall(sent)
    assert ask(server, "POST", PREDICT, row_request(b"a"))[0] == 200


def drip(connection, data):
    """Sends a byte now and then, so that no single read takes long."""
    for byte in data:
        try:
            connection.sendall(bytes([byte]))
        except OSError:
            return
        time.sleep(0.05)


@pytest.mark.parametrize("start", [head(1000), b"POST " + PREDICT.encode()], ids=["body", "head"])
def test_a_slow_client_is_told_that_its_time_is_over(make_server, ask, start):
    server = make_server(read_timeout=0.4)
    with connect(server) as connection, ThreadPoolExecutor(1) as pool:
        connection.sendall(start)
        dripping = pool.submit(drip, connection, b"a" * 40)
        assert ask(server, "POST", PREDICT, row_request(b"a"))[0] == 200
        assert read_answer(connection) == (408, "The request did not arrive in time.")
        connection.shutdown(socket.SHUT_RDWR)
        dripping.result()


def test_an_idle_connection_is_closed(make_server):
    with connect(make_server(idle_timeout=0.1)) as connection:
        assert connection.recv(10) == b""


def test_one_connection_serves_several_requests(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=30)
    sockets = set()
    for size in (1, 2, 3):
        connection.request("POST", PREDICT, row_request(b"a" * size))
        assert scores_of(connection.getresponse().read()).tolist() == [float(size)]
        sockets.add(connection.sock)
    assert len(sockets) == 1
    connection.close()


def test_too_many_connections_are_refused_in_one_line(make_server, ask):
    server = make_server(max_connections=2)
    held = [connect(server) for _ in range(2)]
    busy = (503, "Too many connections; try again later.")
    with connect(server) as third:
        assert read_answer(third) == busy
    with connect(server) as fourth:
        fourth.sendall(head(10_000_000) + bytes(10_000_000))
        assert read_answer(fourth) == busy
    for connection in held:
        connection.close()
    while ask(server, "GET", "/")[0] == 503:
        time.sleep(0.01)
    line = r'centernet_tf_requests_total{protocol="rest",method="other",code="503"} ([0-9]+)'
    assert int(re.search(line, ask(server, "GET", "/metrics")[1].decode()).group(1)) >= 2


def test_more_refusals_than_there_may_be_are_cut_off(make_server, monkeypatch):
    monkeypatch.setattr(http_server, "_REFUSED_AT_ONCE", 1)
    server = make_server(max_connections=1)
    with connect(server), connect(server) as second, connect(server) as third:
        assert read_answer(second)[0] == 503
        assert third.recv(10) == b""


def test_a_full_queue_is_busy_and_late_answers_time_out(make_server, ask):
    server = make_server(max_queue=1, request_timeout=3.0)
    with Gate(server) as gate, ThreadPoolExecutor(2) as pool:
        first = pool.submit(ask, server, "POST", PREDICT, row_request(b"a"))
        assert gate.reached.wait(10)
        second = pool.submit(ask, server, "POST", PREDICT, row_request(b"b"))
        while not server.model.waiting:
            time.sleep(0.001)
        status, body = ask(server, "POST", PREDICT, row_request(b"c"))
        assert status == 503 and "1 requests are waiting" in json.loads(body)["error"]
        assert [future.result()[0] for future in (first, second)] == [504, 504]
    assert ask(server, "POST", PREDICT, row_request(b"a"))[0] == 200


def test_bodies_of_many_requests_have_a_limit_together(make_server):
    server = make_server(max_pending_mb=1.0)
    with connect(server) as large, connect(server) as small:
        large.sendall(head(2**20 - 10) + b"a")
        while not server._budget._taken:
            time.sleep(0.001)
        small.sendall(head(100))
        status, said = read_answer(small)
    assert status == 503 and "fill the memory" in said


def test_numbers_count_as_what_they_become(make_server, ask):
    server = make_server(max_pending_mb=1.0)
    body = b'{"signature_name": "image_tensor", "instances": [%s[]]}'
    assert ask(server, "POST", PREDICT, body % (b"[]," * 10))[0] == 400
    status, said = ask(server, "POST", PREDICT, body % (b"[]," * 100_000))
    assert status == 413 and "The request takes 17 MB of memory; there are 1 MB" in said.decode()
    assert ask(server, "POST", PREDICT, row_request(bytes(200_000)))[0] == 200


def test_an_answer_being_sent_holds_no_room(make_server, ask, monkeypatch):
    server = make_server(max_pending_mb=1.0)
    sending, send = threading.Event(), Connection._send

    def send_the_first_late(connection, answer):
        if not sending.is_set():
            sending.set()
            assert others_answered.wait(10)
        send(connection, answer)

    others_answered = threading.Event()
    monkeypatch.setattr(Connection, "_send", send_the_first_late)
    large = row_request(bytes(200_000))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, server, "POST", PREDICT, large)
        assert sending.wait(10)
        second = ask(server, "POST", PREDICT, large)
        others_answered.set()
        assert [first.result()[0], second[0]] == [200, 200]


def test_stopping_finishes_what_runs_and_takes_nothing_new(make_server, ask):
    server = make_server()
    with Gate(server) as gate, ThreadPoolExecutor(2) as pool:
        running = pool.submit(ask, server, "POST", PREDICT, row_request(b"abc"))
        assert gate.reached.wait(10)
        stopping = pool.submit(server.stop)
        with pytest.raises(OSError):
            while True:
                connect(server).close()
                time.sleep(0.01)
        gate.opened.set()
        assert scores_of(running.result()[1]).tolist() == [3.0]
        assert stopping.result() is True
