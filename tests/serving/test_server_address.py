"""Addresses of servers: those that are good, and what is said of others."""

import re

import pytest

from centernet_tf.errors import UserError
from centernet_tf.serving.client_run import make_client
from centernet_tf.serving.server_address import grpc_address, rest_address

NO_ADDRESS = ["localhost:abc", "localhost:99999", "localhost:0", "a..b:8501", "[::1", ""]


@pytest.mark.parametrize("address", [*NO_ADDRESS, "http://[::1", "ftp://x"])
def test_what_is_no_address_for_rest_is_one_sentence(address):
    with pytest.raises(UserError, match=f"as host:port; got '{re.escape(address)}'"):
        make_client("rest", address, "toy", 1.0)


@pytest.mark.parametrize("address", [*NO_ADDRESS, "localhost:1/models", "unix:/tmp/socket"])
def test_what_is_no_address_for_grpc_is_one_sentence(address):
    with pytest.raises(UserError, match=f"as host:port; got '{re.escape(address)}'"):
        make_client("grpc", address, "toy", 1.0)


@pytest.mark.parametrize("scheme", ["http", "https", "dns"])
def test_grpc_takes_no_scheme(scheme):
    with pytest.raises(UserError, match=f"host:port, without '{scheme}://'; got '{scheme}://a:1'"):
        grpc_address(f"{scheme}://a:1")


def test_grpc_needs_a_port():
    with pytest.raises(UserError, match="'localhost', which has no port. .* for gRPC is 8500"):
        grpc_address("localhost")


def test_addresses_that_are_good():
    for address in ("localhost", "[::1]:8501", "https://a.b/models", "10.0.0.1:80"):
        assert rest_address(address).hostname
    for address in ("localhost:8500", "[::1]:8500", "10.0.0.1:80", "a.b:1"):
        assert grpc_address(address) == address
