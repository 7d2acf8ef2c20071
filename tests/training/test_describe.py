"""Costs of layers counted by hand, and the table's totals."""

import json

import keras
import pytest

from centernet_tf.config import load_config
from centernet_tf.errors import UserError
from centernet_tf.layers.deformable_conv2d import DeformableConv2D
from centernet_tf.training.cost import multiply_adds, stages_of, training_memory_bytes
from centernet_tf.training.describe import classes_of, describe, table, write_json


def test_multiply_adds_of_each_kind():
    images = keras.Input([8, 8, 3])
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same")(images)
    y = keras.layers.Conv2DTranspose(5, 4, strides=2, padding="same")(x)
    z = keras.layers.DepthwiseConv2D(3, padding="same")(y)
    model = keras.Model(images, keras.layers.ReLU()(z))
    counts = [multiply_adds(layer) for layer in model.layers]
    assert counts == [0, 16 * 9 * 3 * 4, 16 * 16 * 4 * 5, 64 * 9 * 5, 0]


def test_multiply_adds_of_a_deformable_convolution():
    images = keras.Input([8, 8, 3])
    model = keras.Model(images, DeformableConv2D(5, 3)(images))
    assert multiply_adds(model.layers[-1]) == 64 * (9 * 3 * 5 + 9 * 3 * 27 + 4 * 9 * 3)


def test_a_shared_layer_counts_at_every_call():
    fine, coarse = keras.Input([8, 8, 3]), keras.Input([4, 2, 3])
    conv = keras.layers.Conv2D(4, 3, padding="same", name="tower_conv")
    model = keras.Model([fine, coarse], [conv(fine), conv(coarse)])
    assert multiply_adds(conv) == (64 + 8) * 9 * 3 * 4
    (stage,) = stages_of(model)
    assert stage.parameters == 9 * 3 * 4 + 4
    assert stage.output_shapes == [(8, 8, 4), (4, 2, 4)]
    assert stage.activation_bytes == 4 * (64 + 8) * 4


@pytest.mark.parametrize("name", ["fcos", "centernet_update", "cornernet", "triplets"])
def test_every_detector_has_a_table(name):
    description = describe(load_config([f"configs/demo_{name}.yaml"]), 4)
    assert description["parameters"] > 3_000_000 and description["multiply_adds"] > 5e8
    assert "total" in table(description)


def test_outputs_are_what_leaves_a_stage():
    description = describe(load_config(["configs/demo_fcos.yaml"]), 4)
    shapes = {stage["name"]: stage["output_shapes"] for stage in description["stages"]}
    assert shapes["stem"] == [(48, 48, 32)] and shapes["stage2"] == [(24, 24, 64)]
    assert shapes["class"] == [(side, side, 4) for side in (24, 12, 6, 3, 2)]
    # The centerness looks at the features from which the boxes are predicted.
    assert set(shapes["box"]) == {(side, side, c) for side in (24, 12, 6, 3, 2) for c in (64, 4)}
    printed = table(description)
    for text in (" 24x24x64 ", " 24x24 to 2x2 x 128 ", " 24x24 to 2x2 x 64/4 "):
        assert text in printed


def test_memory_counts_weights_slots_and_kept_activations():
    images = keras.Input([8, 8, 3])
    x = keras.layers.Conv2D(4, 1, use_bias=False, name="a_conv")(images)
    model = keras.Model(images, keras.layers.BatchNormalization(name="a_norm")(x))
    (stage,) = stages_of(model)
    assert (stage.name, stage.layers, stage.parameters) == ("a", 2, 12 + 8)
    assert stage.activation_bytes == 4 * 64 * 4
    assert training_memory_bytes([stage], 2, "sgd") == 4 * 3 * 20 + 2 * 4 * 64 * 4


def test_the_published_network(tmp_path):
    config = load_config(["configs/coco_resnet18.yaml"])
    description = describe(config, classes_of(config, 0))
    assert description["parameters"] == 14_219_092
    assert (
        sum(stage["multiply_adds"] for stage in description["stages"])
        == description["multiply_adds"]
    )
    # 1.8 G of torchvision's ResNet-18 at 224x224, of which the last layer's 0.5 M are not here.
    backbone = [s for s in description["stages"] if s["name"].startswith("st")]
    assert sum(s["multiply_adds"] for s in backbone) / 512**2 * 224**2 == pytest.approx(
        1.814e9, rel=0.01
    )
    assert "14,219,092" in table(description)
    write_json(description, str(tmp_path / "d.json"))
    assert json.loads((tmp_path / "d.json").read_text())["parameters"] == 14_219_092


def test_memory_is_that_of_a_micro_batch():
    config = load_config([], ["train.global_batch_size=8,train.accumulation_steps=4"])
    assert "step of 2 images on one device" in table(describe(config, 3))


def test_unknown_class_count_and_unwritable_file(tmp_path):
    with pytest.raises(UserError, match="number of classes is not known"):
        classes_of(load_config([]), 0)
    with pytest.raises(UserError, match="Cannot write"):
        write_json({}, str(tmp_path / "no/d.json"))
