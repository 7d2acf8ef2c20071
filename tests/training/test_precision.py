"""Training in 16 bits: close to float32, and what happens to gradients that overflow."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.detectors import make_detector
from centernet_tf.layers.conv_norm import batch_norm, conv_norm, deconv_norm
from centernet_tf.layers.deformable_conv2d import DeformableConv2D
from centernet_tf.layers.head import conv_head
from centernet_tf.layers.initializers import torch_default
from centernet_tf.settings import OptimizerConfig
from centernet_tf.training.optimizers import make_optimizer, make_schedule
from centernet_tf.training.precision import built_in, with_loss_scale
from centernet_tf.training.trainer import Trainer
from centernet_tf.training.trainer_setup import make_trainer

SETTINGS = (
    "data: {input_size: [64, 64]}",
    "model: {backbone: {name: resdcn_18, width_multiplier: 0.1}}",
    "train: {global_batch_size: 2, optimizer: {name: sgd, learning_rate: 0.01, drop_epochs: []}}",
)


def make_batch(detector):
    images = np.random.default_rng(17).normal(size=[2, 64, 64, 3]).astype(np.float32)
    boxes = np.float32([[[8, 8, 40, 30], [20, 30, 50, 60]]] * 2)
    targets = detector.encode(boxes, np.int32([[0, 1]] * 2), np.ones([2, 2], bool))
    return tf.constant(images), targets


def small_network():
    """One layer of each kind; a whole detector takes ten times as long."""
    images = keras.Input([64, 64, 3])
    x = conv_norm(images, 8, 3, 4, "stem")
    x = conv_norm(x, 8, 3, 2, "stage1")
    x = batch_norm(DeformableConv2D(8, 3, name="dcn")(x), "dcn_norm")
    x = deconv_norm(x, 8, torch_default(), "up")
    outputs = {
        name: conv_head(x, 8, 2, name, final_bias=bias)
        for name, bias in (("heatmap", -2.19), ("size", 0.0), ("offset", 0.0))
    }
    return keras.Model(images, outputs)


def gradients_of(precision):
    """Network, loss, and the gradient of everything in one vector."""
    config = load_config([], SETTINGS)
    keras.utils.set_random_seed(3)
    with built_in(precision):
        network = small_network()
    # An offset convolution of zeros would hide what it computes.
    offset_kernel = network.get_layer("dcn").offset_kernel
    offset_kernel.assign(tf.random.stateless_normal(offset_kernel.shape, [1, 2], stddev=0.1))
    detector = make_detector(config, 2)
    trainer = Trainer(detector, network, config.train.optimizer, use_xla=False)
    images, targets = make_batch(detector)
    scale = tf.constant(2.0**10 if precision == "float16" else 1.0)
    losses, gradients = trainer.compute_gradients(
        images, targets, detector.normalizers(targets), scale
    )
    assert {gradient.dtype for gradient in gradients} == {tf.float32}
    flat = np.concatenate([gradient.numpy().ravel() for gradient in gradients])
    return network, float(losses["loss"]), flat / float(scale)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_gradients_are_close_to_those_in_float32(precision):
    _, exact_loss, exact = gradients_of("float32")
    network, loss, gradient = gradients_of(precision)
    assert keras.mixed_precision.global_policy().name == "float32"
    for name in ("stem_conv", "stem_norm", "dcn", "up_deconv", "heatmap_hidden"):
        assert network.get_layer(name).compute_dtype == precision
    assert {output.dtype for output in network.output.values()} == {tf.float32}
    assert {variable.dtype for variable in network.variables} == {tf.float32}
    np.testing.assert_allclose(loss, exact_loss, rtol=0.01)
    assert np.isfinite(gradient).all()
    distance = np.linalg.norm(gradient - exact) / np.linalg.norm(exact)
    assert 0.0 < distance < (0.1 if precision == "bfloat16" else 0.02)


@pytest.mark.slow
@pytest.mark.parametrize("xla", ["on", "off"])
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_training_moves_the_weights(precision, xla):
    config = load_config([], [*SETTINGS, f"runtime: {{precision: {precision}, xla: '{xla}'}}"])
    detector = make_detector(config, 2)
    trainer = make_trainer(config, detector, make_schedule(config.train.optimizer, 1, 1))
    batch = make_batch(detector)
    before = [variable.numpy() for variable in trainer.network.trainable_variables]
    # The first loss scale may be too large for float16: such a step halves it and moves nothing.
    data = tf.data.Dataset.from_tensors(batch).repeat(12 if precision == "float16" else 1)
    history = trainer.fit(data, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert int(trainer.optimizer.iterations) >= 1
    after = [variable.numpy() for variable in trainer.network.trainable_variables]
    assert all(np.isfinite(value).all() for value in after)
    assert not all(np.array_equal(one, other) for one, other in zip(before, after))


def scaled_trainer(**settings):
    images = keras.Input([2])
    network = keras.Model(images, keras.layers.Dense(1, kernel_initializer="ones")(images))
    config = OptimizerConfig({"name": "sgd", "learning_rate": 1.0, "momentum": 0.0, **settings})
    config.drop_epochs = []
    detector = types.SimpleNamespace(loss_names=("loss",), complete_targets=lambda targets: targets)
    trainer = Trainer(detector, network, config, use_xla=False)
    optimizer = make_optimizer(config, make_schedule(config, 10, 1))
    trainer.compile(optimizer=with_loss_scale(optimizer, "float16"))
    return trainer, network.trainable_variables[0]


def test_gradients_are_divided_by_the_scale():
    trainer, kernel = scaled_trainer()
    scale = float(trainer.optimizer.loss_scale)
    assert scale == 2.0**15
    trainer.apply([tf.constant([[0.5 * scale], [0.25 * scale]]), tf.constant([0.0])])
    np.testing.assert_allclose(kernel, [[0.5], [0.75]])


@pytest.mark.parametrize("clipping", [{}, {"clip_value": 1.0}, {"clip_norm": 1.0}])
@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_gradients_that_overflow_leave_the_step_out_and_lower_the_scale(clipping, bad):
    trainer, kernel = scaled_trainer(**clipping)
    trainer.apply([tf.constant([[bad], [1.0]]), tf.constant([0.0])])
    np.testing.assert_array_equal(kernel, [[1.0], [1.0]])
    assert float(trainer.optimizer.loss_scale) == 2.0**14
    assert int(trainer.optimizer.iterations) == 1


def test_only_float16_has_a_scale():
    optimizer = keras.optimizers.SGD(0.1)
    assert with_loss_scale(optimizer, "bfloat16") is optimizer
    with pytest.raises(RuntimeError, match="stop"), built_in("bfloat16"):
        assert keras.layers.Dense(1).compute_dtype == "bfloat16"
        raise RuntimeError("stop")
    assert keras.layers.Dense(1).compute_dtype == "float32"
