"""Runs that are stopped or killed, and losses that are not finite."""

import json
import os
import signal

import keras
import numpy as np
import pytest

from centernet_tf.config import load_config
from centernet_tf.errors import UserError
from centernet_tf.training import train as module
from centernet_tf.training.model_dir import load_trained
from centernet_tf.training.train import train


def settings(records, **train_settings):
    overrides = {"epochs": 2, "global_batch_size": 4, "optimizer": {"drop_epochs": []}}
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
    return load_trained(model_dir).network.get_weights()


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


@pytest.mark.parametrize("step", [4, *(pytest.param(at, marks=pytest.mark.slow) for at in (1, 3))])
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
    assert_same(load_trained(str(tmp_path)), whole)


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
    assert_same(load_trained(str(tmp_path)), whole)


@pytest.mark.slow
def test_a_cut_checkpoint_gives_way_to_the_one_before(records, whole, tmp_path, capsys):
    train(settings(records), str(tmp_path), evaluate_between=False)
    newest = sorted(tmp_path.glob("checkpoints/*.data-*"))[-1]
    newest.write_bytes(newest.read_bytes()[:1000])
    train(settings(records), str(tmp_path), evaluate_between=False)
    output = capsys.readouterr().out
    assert "cannot be read" in output and "going back to" in output
    assert "Resuming" in output and "after epoch 1." in output
    assert_same(load_trained(str(tmp_path)), whole)


def assert_same(trained, weights):
    for one, other in zip(trained.network.weights, weights, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=one.name)


def test_a_loss_that_is_not_finite_names_term_step_rate_and_files(records, tmp_path):
    config = settings(records, optimizer={"drop_epochs": [], "name": "sgd", "learning_rate": 1e18})
    with pytest.raises(UserError) as fault:
        train(config, str(tmp_path), evaluate_between=False)
    sentence = str(fault.value)
    assert "_loss is " in sentence and "learning rate 1e+18" in sentence
    assert "at step 2 (epoch 1" in sentence or "at step 3 (epoch 1" in sentence
    assert sentence.count(".jpg") == 4
