"""Batches dealt to several devices give what one device gives, in the same order."""

import json
import pathlib
import subprocess
import sys
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.evaluation.detect import detect_batches
from centernet_tf.evaluation.device_copies import DeviceCopies, evaluation_devices
from centernet_tf.ops.detections import Detections
from centernet_tf.settings import RuntimeConfig

SCRIPT = pathlib.Path(__file__).with_name("device_run.py")


class TinyDetector:
    """One box an image, from a network with weights of its own."""

    def build(self, input_size=None):
        images = keras.Input([16, 16, 3])
        pooled = keras.layers.GlobalAveragePooling2D()(images)
        boxes = keras.layers.Dense(4, name="boxes")(pooled)
        return keras.Model(images, {"boxes": boxes})

    def decode(self, outputs):
        boxes = outputs["boxes"][:, tf.newaxis]
        ones = tf.ones_like(boxes[..., 0])
        return Detections(boxes, ones, tf.cast(0 * ones, tf.int32), tf.cast(ones[:, 0], tf.int32))


def batches(count, last_valid=3):
    rng = np.random.default_rng(1)
    for index in range(count):
        valid = np.arange(3) < (last_valid if index == count - 1 else 3)
        yield {
            "image": tf.constant(rng.normal(size=[3, 16, 16, 3]), tf.float32),
            "transform": tf.tile([[2.0, 4.0, 0.0]], [3, 1]),
            "image_id": tf.constant(np.where(valid, 3 * index + np.arange(3) + 1, 0)),
            "valid": tf.constant(valid),
        }


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_image_once_and_in_order(count):
    detector = TinyDetector()
    network = detector.build()
    results = [
        detect_batches(
            DeviceCopies(network, detector, devices).detect, batches(count, last_valid=1), [7]
        )
        for devices in ([""], ["cpu:0"] * 2, ["cpu:0"] * 3)
    ]
    assert [row["image_id"] for row in results[0]] == list(range(1, 3 * count - 1))
    assert results[0] == results[1] == results[2]


def test_copies_follow_the_network():
    detector = TinyDetector()
    network = detector.build()
    copies = DeviceCopies(network, detector, ["cpu:0"] * 2)
    network.set_weights([value + 1 for value in network.get_weights()])
    batch = next(batches(1))
    first, second = (f(batch["image"], batch["transform"]).boxes.numpy() for f in copies.detect)
    assert not np.array_equal(first, second)
    copies.refresh()
    second = copies.detect[1](batch["image"], batch["transform"]).boxes.numpy()
    np.testing.assert_array_equal(first, second)


def test_for_another_size_every_device_has_a_copy():
    detector = TinyDetector()
    network = detector.build()
    network.set_weights([value + 1 for value in network.get_weights()])
    copies = DeviceCopies(network, detector, ["", "cpu:0"], input_size=(None, None))
    assert len(copies.networks) == 2 and network not in copies.networks
    for copy in copies.networks:
        for one, other in zip(copy.get_weights(), network.get_weights()):
            np.testing.assert_array_equal(one, other)


def test_which_devices(monkeypatch):
    def present(**counts):
        monkeypatch.setattr(
            tf.config,
            "list_logical_devices",
            lambda kind: [
                types.SimpleNamespace(name=f"/{kind}:{i}") for i in range(counts.get(kind, 0))
            ],
        )

    present(CPU=1)
    assert evaluation_devices(RuntimeConfig()) == [""]
    present(CPU=1, GPU=1)
    assert evaluation_devices(RuntimeConfig()) == [""]
    present(CPU=2)
    assert evaluation_devices(RuntimeConfig()) == ["/CPU:0", "/CPU:1"]
    present(CPU=1, GPU=3)
    assert evaluation_devices(RuntimeConfig()) == ["/GPU:0", "/GPU:1", "/GPU:2"]
    assert evaluation_devices(RuntimeConfig(strategy="one_device")) == [""]


@pytest.mark.slow
def test_two_logical_devices_score_as_one(tmp_path):
    documents = []
    for replicas in ("1", "2"):
        output = tmp_path / f"{replicas}.json"
        done = subprocess.run(
            [sys.executable, str(SCRIPT), replicas, str(output), str(tmp_path / "records")],
            capture_output=True,
            text=True,
            cwd=SCRIPT.parents[2],
            env={**__import__("os").environ, "PYTHONPATH": str(SCRIPT.parents[2])},
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        documents.append(json.loads(output.read_text()))
    one, two = documents
    assert (one.pop("devices"), two.pop("devices")) == (1, 2)
    assert one["metrics"]["num_images"] == 7
    assert one == two
