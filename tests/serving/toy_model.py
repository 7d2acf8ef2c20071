"""A SavedModel with the signatures of an export that takes no time: its scores are lengths."""

import base64
import json
import os
import threading

import numpy as np
import tensorflow as tf

NAMES = [b"disc", "naïve".encode()]


class Toy(tf.Module):
    """Answers each string with its length as the score, so that rows cannot be confused."""

    def __init__(self, offset):
        super().__init__()
        self.offset = tf.Variable(float(offset))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes")])
    def detect_bytes(self, image_bytes):
        good = tf.strings.substr(image_bytes, 0, 3) != "bad"
        lengths = tf.cast(tf.strings.length(image_bytes), tf.float32)
        return self._answer(lengths, tf.where(good, 0, 1))

    @tf.function(
        input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8, name="image_tensor")]
    )
    def detect_tensor(self, image_tensor):
        sums = tf.reduce_sum(tf.cast(image_tensor, tf.float32), axis=[1, 2, 3])
        with tf.control_dependencies([tf.debugging.assert_less(sums, 7000.0, "too bright")]):
            return self._answer(tf.identity(sums), tf.zeros_like(sums, tf.int32))

    def _answer(self, scores, status):
        rows = tf.shape(scores)[0]
        scores = tf.stack([scores + self.offset, tf.zeros_like(scores)], axis=1)
        return {
            "detection_boxes": tf.tile([[[0.1, 0.2, 0.5, 0.6], [0.0] * 4]], [rows, 1, 1]),
            "detection_scores": scores,
            "detection_classes": tf.tile([[7.0, 0.0]], [rows, 1]),
            "detection_class_names": tf.tile([[NAMES[1], b""]], [rows, 1]),
            "num_detections": tf.cast(status == 0, tf.float32),
            "image_status": status,
        }


def save_toy(base, number, offset=0.0):
    """Saves a version as exports do: beside the others, then renamed."""
    toy = Toy(offset)
    temporary = os.path.join(base, f"incomplete-{number}")
    signatures = {"serving_default": toy.detect_bytes, "image_tensor": toy.detect_tensor}
    tf.saved_model.save(toy, temporary, signatures=signatures)
    os.rename(temporary, os.path.join(base, str(number)))


class Gate:
    """Stands before the running of a model: holds batches back until it is opened."""

    def __init__(self, server):
        self._batcher = server.model._serving.batcher
        self._run = self._batcher._run
        self.reached, self.opened = threading.Event(), threading.Event()

    def __enter__(self):
        def wait(signature, inputs):
            self.reached.set()
            assert self.opened.wait(30)
            return self._run(signature, inputs)

        self._batcher._run = wait
        return self

    def __exit__(self, *_):
        self.opened.set()
        self._batcher._run = self._run


def row_request(*images, **extra):
    """The JSON of a request by rows."""
    rows = [{"b64": base64.b64encode(image).decode()} for image in images]
    return json.dumps({"instances": rows, **extra}).encode()


def scores_of(body):
    """The first score of each row of an answer by rows."""
    return np.array([row["detection_scores"][0] for row in json.loads(body)["predictions"]])
