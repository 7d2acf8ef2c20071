"""Runs that are stopped or killed, and losses that are not finite."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import load_config, save_config
from centernet_tf.errors import UserError
from centernet_tf.training import train as module
from centernet_tf.training.model_dir import load_trained, newest_checkpoint
from centernet_tf.training.train import train


def settings(records, **train_settings):
    # With averages and micro-batches, whose state a resumed run must find again.
    overrides = {"epochs": 2, "global_batch_size": 4, "optimizer": {"drop_epochs": []}}
    overrides.update(ema_decay=0.9, accumulation_steps=2)
    return load_config(
        [],
        [
            f"data: {{path: '{records}', input_size: [64, 64], max_boxes: 8}}",
            "model: {backbone: {name: res_18, width_multiplier: 0.1}}",
            "model: {options: {max_detections: 20}}",
            f"train: {json.dumps({**overrides, **train_settings})}",
        ],
    )


@pytest.fixture(scope="module", name="whole")
def train_in_one_piece(records, tmp_path_factory):
    model_dir = str(tmp_path_factory.mktemp("whole"))
    train(settings(records), model_dir, evaluate_between=False)
    assert load_trained(model_dir).weights == "ema"
    return model_dir


class AtStep(keras.callbacks.Callback):
    """Does something after so many steps of a process."""

    def __init__(self, step, action):
        super().__init__()
        self.left, self.action = step, action

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            self.action()


def interrupt(monkeypatch, step, action):
    """Makes the next training meet `action` after a step."""
    real = module.ReportLeftOut

    class Interrupting(AtStep, real):
        def __init__(self, *arguments):
            real.__init__(self, *arguments)
            self.left, self.action = step, action

    monkeypatch.setattr(module, "ReportLeftOut", Interrupting)


@pytest.mark.slow
@pytest.mark.parametrize("step", [4, 1, 3])
def test_sigterm_saves_and_the_rest_equals_one_piece(
    records, whole, tmp_path, monkeypatch, capsys, step
):
    with monkeypatch.context() as patch:
        interrupt(patch, step, lambda: os.kill(os.getpid(), signal.SIGTERM))
        with pytest.raises(SystemExit) as end:
            train(settings(records), str(tmp_path), evaluate_between=False)
    assert end.value.code == 0
    assert "the same command goes on" in capsys.readouterr().out
    train(settings(records), str(tmp_path), evaluate_between=False)
    assert "Resuming" in capsys.readouterr().out
    assert_same(str(tmp_path), whole)


@pytest.mark.slow
def test_stopped_after_the_last_step_of_an_epoch_and_again_in_the_next(
    records, whole, tmp_path, monkeypatch, capsys
):
    """What follows the steps of an epoch is made up for, once."""
    config = settings(records, evaluate_every=1).replace(evaluation={"batch_size": 4})
    for step in (3, 1):
        with monkeypatch.context() as patch:
            interrupt(patch, step, lambda: os.kill(os.getpid(), signal.SIGTERM))
            with pytest.raises(SystemExit):
                train(config, str(tmp_path), evaluate_between=True)
    train(config, str(tmp_path), evaluate_between=True)
    output = capsys.readouterr().out
    assert output.count("epoch 1: AP ") == output.count("epoch 2: AP ") == 1
    assert_same(str(tmp_path), whole, but=("best",))


class Killed(BaseException):
    """Stands for kill -9: nothing may tidy up after it."""


@pytest.mark.slow
@pytest.mark.parametrize("step", [2, 5])
def test_a_killed_run_goes_on_from_its_last_checkpoint(records, whole, tmp_path, monkeypatch, step):
    def die():
        raise Killed

    config = settings(records, checkpoint_every_steps=1)
    with monkeypatch.context() as patch:
        interrupt(patch, step, die)
        with pytest.raises(Killed):
            train(config, str(tmp_path), evaluate_between=False)
    train(config, str(tmp_path), evaluate_between=False)
    assert_same(str(tmp_path), whole)


def command(config, folder, model_dir):
    """The program, in a process of its own."""
    path = folder / "experiment.yaml"
    save_config(config, str(path))
    arguments = ["--config_file", str(path), "--model_dir", str(model_dir), "--mode=train"]
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines.train", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_kill_9_at_any_moment(records, tmp_path, precision):
    """Killed twice, somewhere while it trains or writes a checkpoint, then run to the end."""
    config = settings(records, checkpoint_every_steps=1)
    config = config.replace(runtime={"precision": precision})
    unbroken = command(config, tmp_path, tmp_path / "unbroken")
    model_dir = tmp_path / "model"
    random = np.random.default_rng()
    for wanted in (1, 3):
        process = command(config, tmp_path, model_dir)
        while process.poll() is None and not list(model_dir.glob(f"checkpoints/ckpt-{wanted}.*")):
            time.sleep(0.02)
        time.sleep(random.uniform(0, 0.5))
        process.kill()
        process.wait()
    last = command(config, tmp_path, model_dir)
    output = last.communicate()[0]
    assert last.returncode == 0, output
    assert "Resuming" in output
    assert unbroken.wait() == 0
    assert_same(str(model_dir), str(tmp_path / "unbroken"))
    # Nothing is left of checkpoints that were not finished.
    left = {path.name.split(".")[0] for path in model_dir.glob("checkpoints/ckpt-*")}
    assert len(left) == config.train.keep_checkpoints


@pytest.mark.slow
def test_a_cut_checkpoint_gives_way_to_the_one_before(records, whole, tmp_path, capsys):
    train(settings(records), str(tmp_path), evaluate_between=False)
    newest = sorted(tmp_path.glob("checkpoints/*.data-*"))[-1]
    newest.write_bytes(newest.read_bytes()[:1000])
    train(settings(records), str(tmp_path), evaluate_between=False)
    output = capsys.readouterr().out
    assert "cannot be read" in output and "going back to" in output
    assert "Resuming" in output and "after epoch 1." in output
    assert_same(str(tmp_path), whole)


def assert_same(model_dir, other_dir, but=()):
    """Weights, optimizer, averages, place and losses of every epoch are equal to the last bit."""
    one, other = (history_of(folder) for folder in (model_dir, other_dir))
    assert one == other
    one, other = (
        tf.train.load_checkpoint(newest_checkpoint(folder)) for folder in (model_dir, other_dir)
    )
    shapes = other.get_variable_to_shape_map()
    assert one.get_variable_to_shape_map() == shapes
    # How often a run saved is no part of it.
    apart = {f"{name}/.ATTRIBUTES/VARIABLE_VALUE" for name in ("save_counter", *but)}
    apart.add("_CHECKPOINTABLE_OBJECT_GRAPH")
    for key in shapes.keys() - apart:
        np.testing.assert_array_equal(one.get_tensor(key), other.get_tensor(key), err_msg=key)


def history_of(model_dir):
    """What history.csv says of every epoch, but for time and scores."""
    with open(os.path.join(model_dir, "history.csv"), encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    kept = ("epoch", "step", "learning_rate", "gradient_norm")
    return [
        {name: line[name] for name in line if name in kept or name.endswith("loss")}
        for line in lines
    ]


def test_a_loss_that_is_not_finite_names_term_step_rate_and_files(records, tmp_path):
    config = settings(records, optimizer={"drop_epochs": [], "name": "sgd", "learning_rate": 1e18})
    with pytest.raises(UserError) as fault:
        train(config, str(tmp_path), evaluate_between=False)
    sentence = str(fault.value)
    assert "_loss is " in sentence and "learning rate 1e+18" in sentence
    assert "at step 2 (epoch 1" in sentence or "at step 3 (epoch 1" in sentence
    assert sentence.count(".jpg") == 4
