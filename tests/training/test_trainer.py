"""The gradient part of a step: both forms of deformable convolutions give the same."""

import keras
import numpy as np
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.detectors import make_detector
from centernet_tf.training.trainer import Trainer


def gradients_of(use_xla):
    """(operations of the graph, gradients) of one step of a small deformable network."""
    overrides = (
        "model.backbone.name=lateral_resnet18_dcn,model.backbone.width_multiplier=0.125,"
        "data.input_size=[64,64],model.options.head_channels=8"
    )
    config = load_config([], [overrides])
    keras.utils.set_random_seed(3)
    detector = make_detector(config, 2)
    network = detector.build()
    for layer in network.layers:
        if hasattr(layer, "offset_kernel"):
            shape = layer.offset_kernel.shape
            layer.offset_kernel.assign(tf.random.stateless_normal(shape, (1, 2), stddev=0.05))
    trainer = Trainer(detector, network, config.train.optimizer, use_xla)
    boxes_px = tf.constant([[[4.0, 8.0, 40.0, 50.0]], [[20.0, 2.0, 60.0, 30.0]]])
    targets = detector.encode(boxes_px, tf.constant([[0], [1]]), tf.constant([[True], [True]]))
    images = tf.random.stateless_normal([2, 64, 64, 3], (4, 5))
    arguments = images, targets, detector.normalizers(targets), tf.ones([])
    _, gradients = trainer.gradient_function(*arguments)
    graph = trainer.gradient_function.get_concrete_function(*arguments).graph
    return {operation.type for operation in graph.get_operations()}, gradients


def test_deformable_layers_use_sparse_products_unless_xla_compiles_the_step():
    plain, gradients = gradients_of(use_xla=False)
    compiled, expected = gradients_of(use_xla=True)
    assert "SparseMatrixMatMul" in plain and "SparseMatrixMatMul" not in compiled
    for one, other in zip(gradients, expected):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-3 * np.abs(other).max() + 1e-6)
