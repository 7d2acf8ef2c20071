"""Parameter counts of the published networks, padding as PyTorch has it, and names."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.backbones import build_backbone, scaled
from centernet_tf.config import load_config
from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError
from centernet_tf.layers.conv_norm import conv_norm
from centernet_tf.layers.initializers import FirstChannelBilinear, upsampling_kernel
from centernet_tf.settings import BackboneConfig

# With COCO's 80 classes and three heads of 64 channels; running statistics excluded.
PUBLISHED = {
    "res_18": 15_820_372,
    "res_34": 25_928_532,
    "res_50": 34_443_348,
    "resdcn_18": 14_437_349,
    "resdcn_50": 30_681_061,
    "mmdet_resnet18": 14_219_092,
    "mmdet_resnet18_dcn": 14_436_901,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_equal_the_published_networks(name):
    config = load_config([], [f"model.backbone.name={name}", "data: {input_size: [64, 64]}"])
    network = make_detector(config, 80).build()
    assert sum(int(np.prod(w.shape)) for w in network.trainable_variables) == PUBLISHED[name]


@pytest.mark.parametrize(
    "name",
    ["res_18", "resdcn_18", "mmdet_resnet18", "res_50", "lateral_resnet18", "lateral_resnet50_dcn"],
)
def test_stride_four_and_saving(tmp_path, name):
    images = keras.Input([64, 96, 3])
    model = keras.Model(
        images, build_backbone(BackboneConfig({"name": name, "width_multiplier": 0.1}), images)[0]
    )
    assert model.output_shape[1:3] == (16, 24)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    batch = tf.random.stateless_normal([1, 64, 96, 3], [3, 4])
    np.testing.assert_array_equal(model(batch, training=False), again(batch, training=False))


def test_unknown_name_names_the_nearest():
    with pytest.raises(UserError, match="Did you mean 'resdcn_18'"):
        build_backbone(BackboneConfig({"name": "resdcn18"}), keras.Input([64, 64, 3]))


def test_scaled_never_reaches_zero():
    assert scaled((256, 128, 1), 0.25) == (64, 32, 1)


@pytest.mark.parametrize("kernel_size", [1, 3, 7])
def test_strided_convolution_pads_both_sides_alike(rng, kernel_size):
    images = keras.Input([8, 8, 2])
    model = keras.Model(images, conv_norm(images, 3, kernel_size, 2, "a", relu=False))
    batch = rng.normal(size=[1, 8, 8, 2]).astype(np.float32)
    kernel = model.get_layer("a_conv").kernel.numpy()
    reach = kernel_size // 2
    padded = np.pad(batch, [(0, 0), (reach, reach), (reach, reach), (0, 0)])
    expected = np.zeros([1, 4, 4, 3])
    for y in range(4):
        for x in range(4):
            window = padded[0, 2 * y : 2 * y + kernel_size, 2 * x : 2 * x + kernel_size]
            expected[0, y, x] = np.einsum("yxi,yxio->o", window, kernel)
    np.testing.assert_allclose(
        model(batch, training=False), expected / np.sqrt(1 + 1e-5), atol=1e-5
    )


def test_bilinear_initialisation_reaches_the_first_channel_only():
    np.testing.assert_allclose(upsampling_kernel(4)[0], np.array([0.25, 0.75, 0.75, 0.25]) * 0.25)
    kernel = FirstChannelBilinear(seed=1)([4, 4, 3, 5]).numpy()
    for source in range(5):
        np.testing.assert_allclose(kernel[:, :, 0, source], upsampling_kernel(4))
    bound = 1 / np.sqrt(3 * 16)
    assert np.abs(kernel[:, :, 1:]).max() <= bound
    assert np.abs(kernel[:, :, 1:]).max() > 0.8 * bound
