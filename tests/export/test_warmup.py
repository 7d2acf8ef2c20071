"""Warm-up requests, read back as TensorFlow Serving reads them."""

import sys

import pytest
import tensorflow as tf

from centernet_tf.export.warmup import FILE, write_warmup_requests


def test_one_request_for_each_signature(tmp_path):
    log_pb2 = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    assert write_warmup_requests(str(tmp_path), "cells", [64, 96])
    seen = {}
    for record in tf.data.TFRecordDataset(str(tmp_path / FILE)):
        request = log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
        assert request.model_spec.name == "cells"
        ((name, tensor),) = request.inputs.items()
        seen[request.model_spec.signature_name] = (name, tf.make_ndarray(tensor))
    assert {signature: name for signature, (name, _) in seen.items()} == {
        "serving_default": "image_bytes",
        "image_tensor": "image_tensor",
        "tf_example": "tf_example",
    }
    assert seen["image_tensor"][1].shape == (1, 64, 96, 3)
    assert tf.io.decode_image(seen["serving_default"][1][0]).shape == (64, 96, 3)


def test_without_the_package_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_serving.apis", None)
    assert not write_warmup_requests(str(tmp_path), "cells", [64, 96])
    assert list(tmp_path.iterdir()) == []
