"""What the tests of this folder share: a server of a toy model, and asking it."""

import http.client

import pytest

from centernet_tf.serving.options import ServingOptions
from centernet_tf.serving.server import EmbeddedServer
from tests.serving.toy_model import save_toy

QUICK = {"rest_port": 0, "grpc_port": 0, "poll_seconds": 0.05, "drain_seconds": 5.0}


@pytest.fixture(scope="session")
def toy_versions(tmp_path_factory):
    """A folder with version 1 of the toy model; nothing may be written to it."""
    base = tmp_path_factory.mktemp("toys") / "toy"
    base.mkdir()
    save_toy(str(base), 1)
    return str(base)


@pytest.fixture
def make_server(toy_versions):
    """Starts servers with options that tests choose, and stops them."""
    servers = []

    def make(base=toy_versions, **options):
        servers.append(EmbeddedServer("toy", str(base), ServingOptions(**{**QUICK, **options})))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def server(toy_versions):
    """One server for all tests that change nothing about it."""
    server = EmbeddedServer("toy", toy_versions, ServingOptions(**QUICK, max_body_mb=1.0))
    yield server
    server.stop()


@pytest.fixture
def ask():
    """Sends one request and returns (status, body)."""

    def send(server, verb, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=30)
        try:
            connection.request(verb, path, body)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    return send
