"""Networks and inputs that the benchmarks of whole detectors share."""

import keras
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.detectors import make_detector

NUM_CLASSES = 80


def build(backbone, input_size, overrides=()):
    """Returns (detector, network) with COCO's class count and weights as at the start of training.

    The offsets of deformable convolutions start at zero, no fair test of their gathers; they
    are given a spread of about two pixels, as trained networks have.
    """
    config = load_config(
        [],
        [
            f"model: {{backbone: {{name: {backbone}}}}}",
            f"data: {{input_size: {list(input_size)}}}",
            *overrides,
        ],
    )
    keras.utils.set_random_seed(1)
    detector = make_detector(config, NUM_CLASSES)
    network = detector.build()
    for layer in network.layers:
        if hasattr(layer, "offset_kernel"):
            shape = layer.offset_kernel.shape
            stddev = 2.0 / (shape[0] * shape[1] * shape[2]) ** 0.5
            layer.offset_kernel.assign(tf.random.stateless_normal(shape, (2, 3), stddev=stddev))
    return detector, network


def images(batch, input_size):
    """Normalised images of noise, float32 [batch, H, W, 3]."""
    return tf.random.stateless_normal([batch, *input_size, 3], (4, 5))


def targets(detector, batch, objects=7):
    """Batched targets of a few boxes of mixed size."""
    height, width = detector.input_size
    corner = tf.random.stateless_uniform([objects, 2], (6, 7)) * [height * 0.6, width * 0.6]
    extent = 16.0 + tf.random.stateless_uniform([objects, 2], (8, 9)) * [height * 0.3, width * 0.3]
    boxes_px = tf.concat([corner, corner + extent], axis=-1)
    single = detector.encode(boxes_px, tf.range(objects), tf.ones([objects], tf.bool))
    return {name: tf.stack([value] * batch) for name, value in single.items()}
