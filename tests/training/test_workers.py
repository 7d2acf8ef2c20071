"""Two processes on this machine that train one detector."""

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from centernet_tf.config import load_config, save_config
from centernet_tf.errors import UserError
from centernet_tf.training.model_dir import load_trained
from centernet_tf.training.workers import check_cluster


def settings(records, strategy, **train):
    train = {"epochs": 2, "global_batch_size": 4, "freeze_batch_norm": True, **train}
    return load_config(
        [],
        [
            f"data: {{path: '{records}', input_size: [64, 64], max_boxes: 8}}",
            "model: {backbone: {name: res_18, width_multiplier: 0.1}}",
            "model: {options: {max_detections: 20}}",
            f"train: {json.dumps(train)}",
            "train: {optimizer: {name: sgd, learning_rate: 0.01, drop_epochs: []}}",
            f"runtime.strategy={strategy}",
        ],
    )


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("localhost", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def start(config, folder, model_dir, workers, mode="train"):
    """Starts the workers' processes; their output goes to files."""
    path = folder / f"{config.runtime.strategy}.yaml"
    save_config(config, str(path))
    arguments = ["--config_file", str(path), "--model_dir", str(model_dir), f"--mode={mode}"]
    cluster = {"worker": [f"localhost:{port}" for port in free_ports(workers)]}
    processes = []
    for index in range(workers):
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        if workers > 1:
            task = {"type": "worker", "index": index}
            environment["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": task})
        with open(folder / f"worker{index}.log", "a", encoding="utf-8") as log:
            command = [sys.executable, "-m", "pipelines.train", *arguments]
            processes.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment))
    return processes


def finish(processes, folder):
    codes = [process.wait(timeout=800) for process in processes]
    logs = "\n".join(path.read_text()[-3000:] for path in sorted(folder.glob("worker*.log")))
    assert codes == [0] * len(codes), logs
    return logs


def losses(model_dir):
    with open(model_dir / "history.csv", encoding="utf-8") as stream:
        return [float(line["loss"]) for line in csv.DictReader(stream)]


@pytest.fixture(scope="module", name="alone")
def train_alone(records, tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    finish(start(settings(records, "mirrored"), folder, folder / "model", 1), folder)
    return folder / "model"


def assert_same(model_dir, alone):
    pairs = (load_trained(str(folder)).network.weights for folder in (model_dir, alone))
    for one, other in zip(*pairs, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4, err_msg=one.name)


@pytest.mark.slow
def test_two_workers_equal_one_on_the_same_batches(records, tmp_path, alone):
    config = settings(records, "multi_worker_mirrored", ema_decay=0.5, evaluate_every=1)
    model_dir = tmp_path / "model"
    logs = finish(start(config, tmp_path, model_dir, 2, "train_and_eval"), tmp_path)
    assert "2 replicas" in logs
    np.testing.assert_allclose(losses(model_dir), losses(alone), rtol=1e-4)
    assert logs.count("epoch 1: AP ") == 1
    assert (model_dir / "evaluation/metrics.json").exists()
    assert (model_dir / "best/checkpoint").exists()


@pytest.mark.slow
def test_a_killed_worker_and_the_same_command(records, tmp_path, alone):
    config = settings(records, "multi_worker_mirrored", checkpoint_every_steps=1)
    model_dir = tmp_path / "model"
    processes = start(config, tmp_path, model_dir, 2)
    wait_for(model_dir, 2, processes)
    processes[1].kill()
    # The other one ends by itself, with one sentence.
    assert processes[0].wait(timeout=300) == 1
    assert "Another worker is gone" in (tmp_path / "worker0.log").read_text()
    logs = finish(start(config, tmp_path, model_dir, 2), tmp_path)
    assert "Resuming" in logs
    assert_same(model_dir, alone)


@pytest.mark.slow
def test_sigterm_to_one_worker_stops_and_saves_all(records, tmp_path, alone):
    config = settings(records, "multi_worker_mirrored", checkpoint_every_steps=1)
    model_dir = tmp_path / "model"
    processes = start(config, tmp_path, model_dir, 2)
    wait_for(model_dir, 1, processes)
    processes[1].send_signal(signal.SIGTERM)
    assert "the same command goes on" in finish(processes, tmp_path)
    finish(start(config, tmp_path, model_dir, 2), tmp_path)
    assert_same(model_dir, alone)


def wait_for(model_dir, checkpoint, processes):
    while not list(model_dir.glob(f"checkpoints/ckpt-{checkpoint}.index")):
        assert all(process.poll() is None for process in processes)
        time.sleep(0.02)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"cluster": {"worker": ["a:1"]}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "chief", "index": 0}}',
    ],
)
def test_workers_that_are_not_described(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(UserError, match="variable TF_CONFIG, such as .* got '"):
        check_cluster()
    monkeypatch.setenv(
        "TF_CONFIG", '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}'
    )
    check_cluster()
