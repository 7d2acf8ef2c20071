"""Preparation of images, class names and architecture, as a checkpoint tells or implies them."""

import pytest

from centernet_tf.config import load_config
from centernet_tf.errors import UserError
from centernet_tf.weights.architecture import architecture_of
from centernet_tf.weights.class_lists import COCO, PASCAL, categories_of
from centernet_tf.weights.preprocessing import (
    CAFFE_BGR,
    COCO_BGR,
    FCOS_BGR,
    IMAGENET_RGB,
    PASCAL_BGR,
    preprocessing_of,
)
from centernet_tf.weights.pytorch_file import PytorchFile


def file_of(configuration=""):
    return PytorchFile("a.pth", {}, (), configuration)


@pytest.mark.parametrize(
    "source, backbone, more, classes, expected",
    [
        ("xingyizhou", "res_18", "", 80, COCO_BGR),
        ("xingyizhou", "res_18", "", 3, COCO_BGR),
        ("xingyizhou", "res_18", "", 20, PASCAL_BGR),
        ("mmdet", "mmdet_resnet18", "", 80, IMAGENET_RGB),
        ("mmdet", "fpn_resnet50", "detector: fcos", 80, IMAGENET_RGB),
        ("mmdet", "fpn_resnet50_caffe", "detector: fcos", 80, FCOS_BGR),
        (
            "mmdet",
            "fpn_resnet50_caffe",
            "detector: fcos, options: {normalize_boxes: true}",
            80,
            CAFFE_BGR,
        ),
        ("mmdet", "fpn_resnet50_caffe", "detector: centernet_update", 80, CAFFE_BGR),
    ],
)
def test_preparation(source, backbone, more, classes, expected):
    settings = f"model: {{backbone: {{name: {backbone}}}{', ' if more else ''}{more}}}"
    config = load_config([], [settings])
    assert preprocessing_of(source, file_of(), config, classes) == expected


def test_the_constants_of_the_original():
    # Printed in its data set classes, in 0..1.
    mean, std = (0.40789654, 0.44719302, 0.47026115), (0.28863828, 0.27408164, 0.27809835)
    assert COCO_BGR.mean == pytest.approx([255 * value for value in mean], abs=1e-5)
    assert COCO_BGR.std == pytest.approx([255 * value for value in std], abs=1e-5)
    assert PASCAL_BGR.mean == pytest.approx([255 * v for v in (0.485, 0.456, 0.406)])


@pytest.mark.parametrize(
    "text, order",
    [
        ("data_preprocessor=dict(mean=[1.5, 2, 3.0], std=[4, 5, 6.], bgr_to_rgb=True)", "rgb"),
        ("img_norm_cfg = dict(\n mean=[1.5, 2, 3], std=[4.0, 5.0, 6.0], to_rgb=False)", "bgr"),
        (
            "pipeline = [dict(type='RandomCenterCropPad', mean=[0, 0, 0], std=[1, 1, 1], "
            "to_rgb=True)]\nmodel = dict(data_preprocessor=dict(batch=dict(mean=[7, 7, 7]), "
            "mean=(1.5, 2, 3,), std=(4, 5, 6), bgr_to_rgb=False))",
            "bgr",
        ),
        ("[dict(type='Normalize', mean=[1.5, 2, 3], std=[4, 5, 6], to_rgb=True)]", "rgb"),
    ],
)
def test_mmdet_notes_the_preparation_itself(text, order):
    config = load_config([], ["model.backbone.name=mmdet_resnet18"])
    found = preprocessing_of("mmdet", file_of(text), config, 80)
    assert found.settings() == {"channel_order": order, "mean": [1.5, 2, 3], "std": [4, 5, 6]}


@pytest.mark.parametrize(
    "text",
    [
        "mean=[1, 2, 3]",
        "mean=[1, 2], std=[1, 1, 1], to_rgb=True",
        "data_preprocessor=dict(mean=[1, 2], std=[1, 1, 1], to_rgb=True)",
        "data_preprocessor=dict(mean=[1, 2, 3], std=[1, 0, 1], to_rgb=True)",
        "img_norm_cfg=dict(mean=[1..2, 3, 4], std=[1, 1, 1], to_rgb=True)",
        # The padding's own values are not the network's.
        "dict(type='RandomCenterCropPad', mean=[0, 0, 0], std=[1, 1, 1], to_rgb=True)",
    ],
)
def test_notes_that_are_not_whole_do_not_count(text):
    config = load_config([], ["model.backbone.name=mmdet_resnet18"])
    assert preprocessing_of("mmdet", file_of(text), config, 80) == IMAGENET_RGB


def test_class_lists():
    assert len(COCO) == 80 and len({category.name for category in COCO}) == 80
    # A few of COCO's numbers, among them those around its gaps.
    ids = {category.name: category.id for category in COCO}
    expected = {"person": 1, "fire hydrant": 11, "stop sign": 13, "backpack": 27, "toilet": 70}
    expected |= {"tv": 72, "book": 84, "toothbrush": 90, "wine glass": 46, "dining table": 67}
    assert {name: ids[name] for name in expected} == expected
    assert [category.name for category in PASCAL][:2] == ["aeroplane", "bicycle"]
    assert len(PASCAL) == 20 and PASCAL[-1].id == 20


def test_names_from_the_file_and_from_a_list(tmp_path):
    assert categories_of(80) == COCO and categories_of(20) == PASCAL
    assert [entry.name for entry in categories_of(2, ("cat", "dog"))] == ["cat", "dog"]
    assert categories_of(80, tuple(category.name for category in COCO)) == COCO
    for names in (("a", "a"), ("a", ""), ("a", "b\n"), ("a", "\x1b[2J")):
        with pytest.raises(UserError, match="must be different and printable. .*--labels=FILE"):
            categories_of(2, names)
    path = tmp_path / "names.txt"
    path.write_text("one\ntwo\n")
    assert [entry.name for entry in categories_of(2, ("a", "b"), str(path))] == ["one", "two"]
    with pytest.raises(UserError, match="has 2 names, but the checkpoint tells 3 classes apart"):
        categories_of(3, (), str(path))
    with pytest.raises(UserError, match="--labels=FILE"):
        categories_of(7)


@pytest.mark.parametrize(
    "name, expected",
    [
        ("res_18", "res_18"),
        ("resdcn_18", "resdcn_18"),
        ("dla_34", "dla_34"),
        ("dlav0_34", "dlav0_34"),
        ("hourglass", "hourglass_104"),
        ("cornernet_hg104", "hourglass_104"),
        ("centernet_r18", "mmdet_resnet18"),
        ("centernet_r18_dcn", "mmdet_resnet18_dcn"),
        ("fcos_r50", "fpn_resnet50_caffe or fpn_resnet50"),
    ],
)
def test_architectures_by_their_keys(testdata, name, expected):
    import json

    with open(testdata / "golden" / "keys" / f"{name}.json", encoding="utf-8") as stream:
        assert architecture_of(json.load(stream)) == expected


def test_architectures_of_other_depths():
    def keys(blocks, bottleneck):
        found = [f"layer3.{block}.conv1.weight" for block in range(blocks)] + ["deconv_layers.0"]
        return [*found, "layer1.0.conv3.weight"] if bottleneck else found

    assert architecture_of(keys(6, False)) == "res_34"
    assert architecture_of(keys(6, True)) == "res_50"
    assert architecture_of(keys(23, True)) == "res_101"
    assert architecture_of(keys(5, True)) == ""
    assert architecture_of(["whatever"]) == ""
