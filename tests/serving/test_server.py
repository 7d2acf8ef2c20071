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
from centernet_tf.serving.options import ServingOptions
from centernet_tf.serving.server import EmbeddedServer
from tests.serving.conftest import QUICK
from tests.serving.toy_model import row_request, save_toy, scores_of

ROOT = pathlib.Path(__file__).parents[2]


def test_a_port_that_is_taken_is_one_sentence(server, toy_versions):
    for protocol in ("rest", "grpc"):
        options = {**QUICK, f"{protocol}_port": getattr(server, f"{protocol}_port")}
        with pytest.raises(UserError, match=f"Cannot listen at .*--{protocol}_port"):
            EmbeddedServer("toy", toy_versions, ServingOptions(**options))


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


class Program:
    """`pipelines.serve` in a process of its own."""

    def __init__(self, base):
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "pipelines.serve",
                f"--model={base}",
                "--rest_port=0",
                "--grpc_port=0",
                "--poll_seconds=0.05",
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
        self.port = int(re.search(r"127\.0\.0\.1:(\d+)/ shows", self.said[-1]).group(1))
        threading.Thread(target=lambda: self.said.extend(self.process.stdout)).start()

    def score(self):
        address = f"http://127.0.0.1:{self.port}/v1/models/toy:predict"
        with urllib.request.urlopen(address, row_request(b"abc"), timeout=30) as response:
            return float(scores_of(response.read())[0])

    def end(self, how):
        self.process.send_signal(how)
        return self.process.wait(60)


@pytest.fixture
def base(tmp_path):
    path = tmp_path / "toy"
    path.mkdir()
    save_toy(str(path), 1, offset=100.0)
    return str(path)


@pytest.mark.slow
def test_the_program_says_what_it_is_for_and_drains_on_sigterm(base):
    program = Program(base)
    assert program.said[0].startswith("This server is for development ")
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(program.score) for _ in range(40)]
        time.sleep(0.05)
        code = program.end(signal.SIGTERM)
        answered = [each.result() for each in answers if each.exception() is None]
    assert code == 0 and answered and set(answered) == {103.0}
    assert program.said[-1] == "Stopped.\n"


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
