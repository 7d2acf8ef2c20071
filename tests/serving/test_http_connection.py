"""Verbs of HTTP beside GET and POST, as proxies and load balancers send them."""

import http.client
import json
import socket

import pytest

PREDICT = "/v1/models/toy:predict"


@pytest.fixture
def connection(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=30)
    yield connection
    connection.close()


def ask(connection, verb, path, body=None):
    connection.request(verb, path, body)
    response = connection.getresponse()
    return response.status, response.headers, response.read()


@pytest.mark.parametrize(
    "path, status", [("/", 200), ("/v1/models/toy", 200), ("/nothing", 404), ("/a" * 400, 404)]
)
def test_head_is_get_without_a_body(connection, path, status):
    head, get = (ask(connection, verb, path) for verb in ("HEAD", "GET"))
    assert head[0] == get[0] == status
    assert head[1]["Content-Length"] == get[1]["Content-Length"] == str(len(get[2]))
    assert head[1]["Content-Type"] == get[1]["Content-Type"]
    assert "Connection" not in head[1]


def test_nothing_follows_the_headers_of_head(server):
    with socket.create_connection(("127.0.0.1", server.rest_port), timeout=30) as connection:
        for path, extra in (("/nothing", ""), (PREDICT, "Connection: close\r\n")):
            connection.sendall(f"HEAD {path} HTTP/1.1\r\nHost: x\r\n{extra}\r\n".encode())
        received = connection.makefile("rb").read()
    first, second, rest = received.split(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 404 ") and second.startswith(b"HTTP/1.1 405 ")
    assert rest == b""


def test_after_head_a_fault_has_its_body_again(make_server):
    server = make_server(read_timeout=0.3)
    with socket.create_connection(("127.0.0.1", server.rest_port), timeout=30) as connection:
        connection.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET")
        assert b"The request did not arrive in time." in connection.makefile("rb").read()


@pytest.mark.parametrize("verb", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_verbs_are_told_which_the_path_takes(connection, verb):
    for path, wanted, allowed in ((PREDICT, "POST", "POST"), ("/", "GET", "GET, HEAD")):
        status, headers, body = ask(connection, verb, path, b"abc" if verb != "TRACE" else None)
        assert (status, headers["Allow"]) == (405, allowed)
        assert json.loads(body)["error"] == f"{path} takes {wanted}; got {verb}."
        assert "Connection" not in headers
    status, headers, _ = ask(connection, verb, "/nothing")
    assert (status, headers["Allow"]) == (404, None)


@pytest.mark.parametrize(
    "verb, path, allowed",
    [("HEAD", PREDICT, "POST"), ("GET", "/detect", "POST"), ("POST", "/metrics", "GET, HEAD")],
)
def test_every_405_has_allow(connection, verb, path, allowed):
    status, headers, _ = ask(connection, verb, path)
    assert (status, headers["Allow"]) == (405, allowed)
