"""What only the text beside mmdet's weights can tell, against the configured network."""

import pytest

from centernet_tf.config import load_config
from centernet_tf.errors import UserError
from centernet_tf.weights.mmdet_checks import check_notes

CAFFE = "model = dict(backbone=dict(type='ResNet', init=dict(a=(1, 2)), style='caffe'), bbox_head="
PLAIN = CAFFE.replace("caffe", "pytorch")


def config_of(backbone, options="{}"):
    return load_config(
        [], [f"model: {{detector: fcos, backbone: {{name: {backbone}}}, options: {options}}}"]
    )


@pytest.mark.parametrize(
    "text, backbone, right",
    [
        (CAFFE, "fpn_resnet50", "fpn_resnet50_caffe"),
        (PLAIN, "fpn_resnet101_caffe", "fpn_resnet101"),
    ],
)
def test_another_kind_of_resnet_is_refused(text, backbone, right):
    with pytest.raises(UserError, match=rf"style.*set model.backbone.name={right}\."):
        check_notes(text, config_of(backbone))
    assert check_notes(text, config_of(right)) == ""


def test_a_style_elsewhere_in_the_text_does_not_count():
    text = "teacher = dict(style='caffe')\nmodel = dict(backbone=dict(depth=50), neck=dict())"
    assert "does not say" in check_notes(text, config_of("fpn_resnet50"))
    assert "taken for 'caffe'" in check_notes("", config_of("fpn_resnet50_caffe"))


def test_blocks_of_two_convolutions_are_alike():
    assert check_notes(CAFFE, config_of("fpn_resnet18")) == ""


def test_boxes_in_strides_are_told_from_those_in_pixels():
    text = f"{PLAIN}dict(type='FCOSHead', norm_on_bbox=True))"
    with pytest.raises(UserError, match="norm_on_bbox=True; set .*normalize_boxes=true"):
        check_notes(text, config_of("fpn_resnet50"))
    assert check_notes(text, config_of("fpn_resnet50", "{normalize_boxes: true}")) == ""
    with pytest.raises(UserError, match="norm_on_bbox=False; set .*normalize_boxes=false"):
        check_notes(
            f"{PLAIN}dict(type='FCOSHead'))", config_of("fpn_resnet50", "{normalize_boxes: true}")
        )
