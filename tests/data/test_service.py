"""Batches over loopback from a dispatcher and a worker."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.data.input_pipeline import train_dataset
from centernet_tf.data.service import start_dispatcher, start_worker, through_service
from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError

SETTINGS = "data.input_size=[64,96],train.global_batch_size=4,train.epochs=2,data.max_boxes=5"


@pytest.mark.timeout(120)
def test_one_worker_makes_the_batches_that_this_process_would(make_data_set, make_records):
    manifest = make_data_set({"train": make_records(10)})
    config = load_config([], [SETTINGS])
    encode = make_detector(config, manifest.num_classes).encode
    here = train_dataset(config, manifest, encode)
    dispatcher = start_dispatcher(0)
    worker = start_worker(dispatcher.target)
    there = through_service(train_dataset(config, manifest, encode), dispatcher.target)
    assert there.cardinality() == here.cardinality() == 4
    assert there.element_spec == here.element_spec
    for one, other in zip(here, there, strict=True):
        for ours, fetched in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
            np.testing.assert_array_equal(ours, fetched)
    del worker


@pytest.mark.parametrize("address", ["host:5050", "grpc://host", "grpc://:1", "grpc://host:x"])
def test_an_address_of_another_form_is_an_error(address):
    with pytest.raises(UserError, match="like grpc://host:5050"):
        through_service(tf.data.Dataset.range(3), address)
