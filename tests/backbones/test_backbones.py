"""Parameter counts of the published networks, stride and saving of all kinds, and names."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.backbones import build_backbone, size_multiple
from centernet_tf.config import load_config
from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError
from centernet_tf.layers.conv_norm import conv_norm
from centernet_tf.layers.initializers import FirstChannelBilinear, upsampling_kernel
from centernet_tf.settings import BackboneConfig

# DLA's weights without effect: two `project` modules and, in the figure of dlav0_34, ImageNet's
# classifier.
DEAD, CLASSIFIER = 41_728, 513_000
# With COCO's 80 classes and the published heads; running statistics excluded.
PUBLISHED = {
    "res_18": 15_820_372,
    "res_34": 25_928_532,
    "res_50": 34_443_348,
    "res_101": 53_435_476,
    "res_152": 69_079_124,
    "resdcn_18": 14_437_349,
    "resdcn_34": 24_545_509,
    "resdcn_50": 30_681_061,
    "resdcn_101": 49_673_189,
    "resdcn_152": 65_316_837,
    "mmdet_resnet18": 14_219_092,
    "mmdet_resnet18_dcn": 14_436_901,
    "dla_34": 19_675_892 - DEAD,
    "dlav0_34": 18_474_476 - DEAD - CLASSIFIER,
    "hourglass_104": 191_284_008,
}
NARROW = {
    "resdcn_18": {"width_multiplier": 0.1},
    "lateral_resnet50_dcn": {"width_multiplier": 0.05},
    "dla_34": {"width_multiplier": 0.25},
    "dlav0_34": {"width_multiplier": 0.25},
    "hourglass_104": {"width_multiplier": 0.02, "level_blocks": [1] * 6},
    "mobilenetv3_small": {"width_multiplier": 0.25},
}


def _slow(names):
    return [pytest.param(name, marks=pytest.mark.slow) for name in sorted(names)]


@pytest.mark.parametrize("name", ["resdcn_18", *_slow(set(PUBLISHED) - {"resdcn_18"})])
def test_parameters_equal_the_published_networks(name):
    config = load_config([], [f"model.backbone.name={name}", "data: {input_size: [128, 128]}"])
    network = make_detector(config, 80).build()
    assert sum(int(np.prod(w.shape)) for w in network.trainable_variables) == PUBLISHED[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", NARROW)
def test_stride_four_and_saving(tmp_path, name):
    images = keras.Input([128, 160, 3])
    maps = build_backbone(BackboneConfig({"name": name, **NARROW[name]}), images)
    model = keras.Model(images, maps)
    assert [x.shape[1:3] for x in maps] == [(32, 40)] * (2 if name == "hourglass_104" else 1)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    batch = tf.random.stateless_normal([1, 128, 160, 3], [3, 4])
    for one, other in zip(
        tf.nest.flatten(model(batch, training=False)), tf.nest.flatten(again(batch, training=False))
    ):
        np.testing.assert_array_equal(one, other)


def test_what_sides_must_be_multiples_of():
    assert size_multiple(BackboneConfig({"name": "dla_34"})) == 32
    assert size_multiple(BackboneConfig({"name": "hourglass_52"})) == 128
    settings = ["model.backbone.name=hourglass_104", "data: {input_size: [128, 160]}"]
    with pytest.raises(UserError, match="multiples of 128 for the backbone 'hourglass_104'"):
        load_config([], settings)
    settings = ["model.backbone.name=hourglass_52", "evaluation.resolution=keep"]
    with pytest.raises(UserError, match="evaluation.pad_multiple must be a multiple of 128"):
        load_config([], settings)


def test_unknown_name_names_the_nearest():
    with pytest.raises(UserError, match="Did you mean 'resdcn_18'"):
        build_backbone(BackboneConfig({"name": "resdcn18"}), keras.Input([64, 64, 3]))


@pytest.mark.parametrize("kernel_size", [1, 3, 7])
@pytest.mark.parametrize("side", [8, 7])
def test_strided_convolution_pads_both_sides_alike(rng, kernel_size, side):
    images = keras.Input([side, side, 2])
    model = keras.Model(images, conv_norm(images, 3, kernel_size, 2, "a", relu=False))
    batch = rng.normal(size=[1, side, side, 2]).astype(np.float32)
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
