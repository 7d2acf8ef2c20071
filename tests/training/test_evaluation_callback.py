"""The line of an evaluation between epochs."""

import types

import pytest

from centernet_tf.config import load_config
from centernet_tf.evaluation.coco_metrics import METRIC_NAMES
from centernet_tf.training import evaluation_callback
from centernet_tf.training.evaluation_callback import EvaluateDuringTraining


@pytest.fixture(name="make_callback")
def make_callback_(monkeypatch):
    """Returns the callback of a run of five epochs on `num_images`, and the metrics it has kept."""

    def make(num_images):
        metrics = {**dict.fromkeys(METRIC_NAMES, 0.5), "num_images": num_images}
        result = types.SimpleNamespace(metrics=metrics)
        monkeypatch.setattr(evaluation_callback, "evaluate_network", lambda *_, **__: result)
        kept = []
        scored = types.SimpleNamespace(network=None, detector=None, refresh=lambda: None)
        history = types.SimpleNamespace(add_metrics=kept.append, writer=None)
        config = load_config(
            [], ["train.epochs=5,train.evaluate_every=2,train.tensorboard_images=0"]
        )
        return EvaluateDuringTraining(scored, config, None, history), kept

    return make


def test_every_few_epochs_and_the_last_are_scored(make_callback, capsys):
    callback, kept = make_callback(3)
    for epoch in range(5):
        callback.on_epoch_end(epoch)
    assert capsys.readouterr().out.splitlines() == [
        f"epoch {epoch}: AP 0.5000, AP50 0.5000 on val (3 images)" for epoch in (2, 4, 5)
    ]
    assert kept == [dict.fromkeys(METRIC_NAMES, 0.5)] * 3


def test_one_image_is_said_in_the_singular(make_callback, capsys):
    make_callback(1)[0].on_epoch_end(4)
    assert "(1 image)" in capsys.readouterr().out
