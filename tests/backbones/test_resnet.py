"""Where deformable bottlenecks are; other details are held against the originals elsewhere."""

import keras
import pytest

from centernet_tf.backbones import build_backbone
from centernet_tf.backbones.resnet import resnet
from centernet_tf.config import load_config
from centernet_tf.errors import UserError
from centernet_tf.settings import BackboneConfig


def test_stages_named_after_their_maps_are_deformable():
    images = keras.Input([64, 96, 3])
    model = keras.Model(images, resnet(images, 50, 2, dcn_stages=(4,)))
    found = [layer for layer in model.layers if layer.name.endswith("_dcn")]
    assert [layer.name for layer in found] == [f"stage3_block{block}_2_dcn" for block in range(6)]
    assert not any(layer.use_bias for layer in found)
    assert [layer.strides[0] for layer in found] == [2, 1, 1, 1, 1, 1]
    assert [shape[1] for shape in model.output_shape] == [16, 8, 4, 2]


def test_no_deformable_stage_without_bottlenecks():
    config = BackboneConfig({"name": "res_18", "dcn_stages": [3, 4, 5]})
    with pytest.raises(UserError, match=r"dcn_stages is \[3, 4, 5\], but ResNet-18 has no"):
        build_backbone(config, keras.Input([64, 64, 3]))


@pytest.mark.parametrize("stages", ["[6]", "[2]", "[3, 4, 5, 6]"])
def test_maps_that_no_stage_makes_are_refused(stages):
    network = "model: {backbone: {name: res_50, dcn_stages: %s}}"
    with pytest.raises(UserError, match=r"C3, C4 and C5 by their numbers.* got \[.*\]"):
        load_config(params_override=[network % stages])
    assert load_config(params_override=[network % "[3, 5]"]).model.backbone.dcn_stages == [3, 5]
