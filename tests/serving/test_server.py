"""The program: what it says, and how it ends."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from centernet_tf.errors import UserError
from centernet_tf.serving.client_faults import RequestFailed
from centernet_tf.serving.client_run import make_client
from centernet_tf.serving.options import ServingOptions
from centernet_tf.serving.server import EmbeddedServer
from tests.serving.conftest import QUICK
from tests.serving.toy_model import Gate, row_request, save_toy, scores_of

ROOT = pathlib.Path(__file__).parents[2]


def test_a_port_that_is_taken_is_one_sentence(server, toy_versions):
    for protocol in ("rest", "grpc"):
        options = {**QUICK, f"{protocol}_port": getattr(server, f"{protocol}_port")}
        with pytest.raises(UserError, match=f"Cannot listen at .*--{protocol}_port"):
            EmbeddedServer("toy", toy_versions, ServingOptions(**options))


@pytest.mark.parametrize("ports", [{}, {"rest_port": 18501, "grpc_port": 18500}])
@pytest.mark.parametrize("host", ["nosuch.invalid", "::1", "192.0.2.1", "é..b", "127.0.0.1:80"])
def test_a_host_that_is_not_here_is_one_sentence_about_it(toy_versions, host, ports):
    options = ServingOptions(**{**QUICK, **ports}, host=host)
    with pytest.raises(UserError, match=f"^Cannot listen at {host}: .* as --host; ") as fault:
        EmbeddedServer("toy", toy_versions, options)
    assert "another port" not in str(fault.value)


def test_without_the_extra_there_is_rest_alone(make_server, monkeypatch, capsys, ask):
    monkeypatch.setitem(sys.modules, "centernet_tf.serving.grpc_api", None)
    server = make_server()
    assert "REST alone: gRPC needs tensorflow-serving-api" in capsys.readouterr().out
    assert server.grpc_port is None
    assert ask(server, "GET", "/v1/models/toy")[0] == 200


def test_wrong_options_are_one_sentence():
    for name in ("max_batch_size", "max_queue", "max_connections", "max_body_mb", "read_timeout"):
        with pytest.raises(UserError, match=f"{name} must be .* got 0"):
            ServingOptions(**{name: 0})


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"rest_port": 99999}, "rest_port must be from 0 to 65535; got 99999"),
        ({"rest_port": -1}, "rest_port must be from 0 to 65535; got -1"),
        ({"grpc_port": 65536}, "grpc_port must be from -1 to 65535; got 65536"),
        ({"rest_port": 9000, "grpc_port": 9000}, "must differ; both are 9000"),
        ({"max_body_mb": 5000}, "max_body_mb must be below 2048; got 5000"),
        ({"max_pending_mb": float("inf")}, "finite; got inf"),
        ({"drain_seconds": -1}, "drain_seconds must be 0 or more; got -1"),
    ],
)
def test_options_are_checked_before_anything_loads(options, sentence):
    with pytest.raises(UserError, match=sentence):
        ServingOptions(**options)


class Program:
    """`pipelines.serve` in a process of its own."""

    def __init__(self, base, *flags):
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "pipelines.serve",
                f"--model={base}",
                "--rest_port=0",
                "--grpc_port=0",
                "--poll_seconds=0.05",
                *flags,
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = []
        for line in self.process.stdout:
            self.said.append(line)
            if line.startswith("Ready: "):
                break
        self.port, self.grpc_port = map(int, re.findall(r"127\.0\.0\.1:(\d+)", self.said[-1]))
        # Now, because loading gRPC takes longer than a queue may wait.
        self._grpc = make_client("grpc", f"127.0.0.1:{self.grpc_port}", "toy", 30.0)
        self._reader = threading.Thread(target=lambda: self.said.extend(self.process.stdout))
        self._reader.start()

    def ask(self, path, body=None):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", body, 30) as response:
            return response.read()

    def score(self):
        return float(scores_of(self.ask("/v1/models/toy:predict", row_request(b"abc")))[0])

    def grpc_score(self):
        return float(self._grpc.detect([b"abc"])[0]["detection_scores"][0])

    def wait_for_queue(self, length):
        while f"centernet_tf_queue_length {length}\n" not in self.ask("/metrics").decode():
            time.sleep(0.01)

    def end(self, how):
        self.process.send_signal(how)
        code = self.process.wait(60)
        self._reader.join()
        return code


@pytest.fixture
def base(tmp_path):
    path = tmp_path / "toy"
    path.mkdir()
    save_toy(str(path), 1, offset=100.0)
    return str(path)


@pytest.mark.slow
def test_the_program_says_what_it_is_for_and_drains_on_sigterm(base):
    program = Program(base, "--batch_timeout_ms=4000")
    assert program.said[0].startswith("This server is for development ")
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(ask) for ask in (program.score, program.grpc_score) * 2]
        program.wait_for_queue(4)
        code = program.end(signal.SIGTERM)
        assert [each.result() for each in answers] == [103.0] * 4
    assert code == 0 and program.said[-1] == "Stopped.\n"


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_what_takes_longer_than_the_drain_is_refused_and_told(base, protocol):
    program = Program(base, "--batch_timeout_ms=60000", "--drain_seconds=0.2")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(program.score if protocol == "rest" else program.grpc_score)
        program.wait_for_queue(1)
        assert program.end(signal.SIGTERM) == 1
        assert re.search("503|UNAVAILABLE", str(answer.exception()))
    assert program.said[-1] == "Stopped before every request was answered.\n"


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_a_running_batch_does_not_hold_up_the_end(make_server, protocol):
    server = make_server(drain_seconds=0.1)
    port = getattr(server, f"{protocol}_port")
    client = make_client(protocol, f"127.0.0.1:{port}", "toy", 30.0)
    with Gate(server) as gate, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.detect, [b"abc"])
        assert gate.reached.wait(10)
        assert server.stop() is False
        with pytest.raises(RequestFailed, match="The server has stopped"):
            answer.result()


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_what_ends_within_the_drain_is_answered(make_server, protocol):
    server = make_server()
    port = getattr(server, f"{protocol}_port")
    client = make_client(protocol, f"127.0.0.1:{port}", "toy", 30.0)
    with Gate(server) as gate, ThreadPoolExecutor(2) as pool:
        answer = pool.submit(client.detect, [b"abc"])
        assert gate.reached.wait(10)
        stopping = pool.submit(server.stop)
        assert not stopping.done()
        gate.opened.set()
        assert answer.result()[0]["detection_scores"][0] == 3.0
        assert stopping.result() is True


@pytest.mark.slow
def test_a_server_killed_while_it_loads_a_new_version_comes_back(base):
    random = np.random.default_rng(3)
    for number in (2, 3, 4):
        program = Program(base)
        assert program.score() == 100.0 * (number - 1) + 3.0
        save_toy(base, number, offset=100.0 * number)
        end = time.monotonic() + random.uniform(0.0, 0.6)
        while time.monotonic() < end:
            assert program.score() in (100.0 * (number - 1) + 3.0, 100.0 * number + 3.0)
        program.end(signal.SIGKILL)
    os.mkdir(os.path.join(base, "5"))
    program = Program(base)
    assert program.score() == 403.0
    assert "Cannot load version 5" in "".join(program.said)
    assert program.end(signal.SIGINT) == 0
