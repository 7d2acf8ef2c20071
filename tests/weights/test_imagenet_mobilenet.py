"""The trunk of a MobileNet takes the weights of keras.applications, from a file here."""

import keras
import numpy as np
import pytest

from centernet_tf.backbones import build_backbone
from centernet_tf.backbones.mobilenet import application
from centernet_tf.errors import UserError
from centernet_tf.settings import BackboneConfig
from centernet_tf.weights.imagenet_mobilenet import has_application_weights, init_mobilenet


def test_weights_of_a_file_reach_the_trunk(tmp_path):
    name, alpha = "mobilenetv3_small", 0.125
    source = application(name, alpha, None)
    path = str(tmp_path / "no_top.weights.h5")
    source.save_weights(path, save_format="h5")
    images = keras.Input([64, 64, 3])
    config = BackboneConfig({"name": name, "width_multiplier": alpha})
    network = keras.Model(images, build_backbone(config, images))
    told = init_mobilenet(network, name, alpha, path)
    assert "RGB" in told and "127.5" in told
    ours = {layer.name: layer for layer in network.layers}
    trunk = [layer for layer in source.layers if layer.weights and layer.name in ours]
    assert len(trunk) > 50
    for layer in trunk:
        for one, other in zip(layer.get_weights(), ours[layer.name].get_weights()):
            np.testing.assert_array_equal(one, other)
    left = {name for name, layer in ours.items() if layer.weights} - {layer.name for layer in trunk}
    assert left and all(name.startswith("neck") for name in left)


def test_which_backbones_have_them():
    assert has_application_weights("mobilenetv2")
    assert not has_application_weights("res_18")


def test_a_file_of_pytorch_is_refused():
    with pytest.raises(UserError, match="takes 'imagenet' or an .h5 file .*; got 'a.pth'"):
        init_mobilenet(None, "mobilenetv2", 0.35, "a.pth")


def test_a_file_that_is_not_there():
    with pytest.raises(UserError, match="Cannot get the weights 'nowhere.h5' of 'mobilenetv2'"):
        application("mobilenetv2", 0.35, "nowhere.h5")
