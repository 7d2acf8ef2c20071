"""Batches over loopback from a dispatcher and a worker."""

import socket

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.data import service
from centernet_tf.data.input_pipeline import train_dataset
from centernet_tf.data.service import start_dispatcher, start_worker, through_service
from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError

SETTINGS = "data.input_size=[64,96],train.global_batch_size=4,train.epochs=4,data.max_boxes=5"


def batches_of(config, manifest):
    encode = make_detector(config, manifest.num_classes).encode
    return train_dataset(config, manifest, encode)


def same(one, other):
    return all(
        np.array_equal(ours, theirs)
        for ours, theirs in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True)
    )


@pytest.mark.timeout(120)
@pytest.mark.parametrize("workers", [1, 2])
def test_workers_make_the_batches_that_this_process_would(make_data_set, make_records, workers):
    manifest = make_data_set({"train": make_records(10)})
    dispatcher = start_dispatcher(0)
    running = [start_worker(dispatcher.target) for _ in range(workers)]
    here = batches_of(load_config([], [SETTINGS]), manifest)
    config = load_config([], [SETTINGS, f"data.service='{dispatcher.target}'"])
    there = batches_of(config, manifest)
    assert there.cardinality() == here.cardinality() == 8
    assert there.element_spec == here.element_spec
    expected, found = list(here), list(there)
    if workers == 1:
        assert all(same(*each) for each in zip(expected, found, strict=True))
    # Several make different epochs side by side: the order is another, nothing comes twice.
    places = [[i for i, one in enumerate(expected) if same(one, other)] for other in found]
    assert sorted(places) == [[i] for i in range(8)]
    del running


@pytest.mark.timeout(60)
def test_nobody_at_the_address_is_an_error(monkeypatch):
    monkeypatch.setattr(service.require_answer, "__defaults__", (0.0,))
    with socket.socket() as unused:
        unused.bind(("localhost", 0))
        address = f"grpc://localhost:{unused.getsockname()[1]}"
        with pytest.raises(UserError, match=f"No dispatcher .* answers at {address}"):
            through_service(tf.data.Dataset.range(3), address)
        with pytest.raises(UserError, match="No dispatcher"):
            start_worker(address)


@pytest.mark.timeout(60)
def test_a_taken_port_is_an_error():
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"Cannot listen at port {port}"):
            start_dispatcher(port)


@pytest.mark.parametrize("address", ["host:5050", "grpc://host", "grpc://:1", "grpc://host:x"])
def test_an_address_of_another_form_is_an_error(address):
    with pytest.raises(UserError, match="like grpc://host:5050"):
        through_service(tf.data.Dataset.range(3), address)
