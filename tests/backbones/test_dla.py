"""What each root and each step of DLA sees; values are held against the original's elsewhere."""

import keras
import pytest

from centernet_tf.backbones.dla import dla34
from centernet_tf.backbones.dla_up import dla_up_deformable, dla_up_plain

CHANNELS = (2, 2, 3, 4, 5, 6)


@pytest.fixture(scope="module")
def trunk():
    images = keras.Input([64, 96, 3])
    return keras.Model(images, dla34(images, CHANNELS))


def seen_by(model, name):
    """Names of the layers whose results a layer gets, in order."""
    inputs = model.get_layer(name).input
    return [x.node.layer.name for x in inputs]


def test_levels_halve(trunk):
    assert [shape[1:] for shape in trunk.output_shape] == [
        (64 // 2**level, 96 // 2**level, channels) for level, channels in enumerate(CHANNELS)
    ]


@pytest.mark.parametrize(
    ("root", "children"),
    [
        ("level2", ["level2_tree2_relu", "level2_tree1_relu"]),
        ("level3_tree1", ["level3_tree1_tree2_relu", "level3_tree1_tree1_relu"]),
        (
            "level4_tree2",
            [
                "level4_tree2_tree2_relu",
                "level4_tree2_tree1_relu",
                "level4_pool",
                "level4_tree1_root_relu",
            ],
        ),
        ("level5", ["level5_tree2_relu", "level5_tree1_relu", "level5_pool"]),
    ],
)
def test_what_a_root_sees_in_order(trunk, root, children):
    assert seen_by(trunk, f"{root}_concat") == children


def test_where_the_width_changes(trunk):
    projected = {layer.name for layer in trunk.layers if "project_conv" in layer.name}
    assert projected == {
        "level2_project_conv",
        "level3_tree1_project_conv",
        "level4_tree1_project_conv",
        "level5_project_conv",
    }


def levels():
    return [keras.Input([32 // 2**i, 48 // 2**i, 3 + i]) for i in range(4)]


def test_deformable_aggregation_sums():
    inputs = levels()
    model = keras.Model(inputs, dla_up_deformable(inputs))
    assert model.output_shape == (None, 32, 48, 3)
    dcn = [layer for layer in model.layers if layer.name.endswith("_dcn")]
    up = {layer.name: layer for layer in model.layers if layer.name[-3:-1] == "up"}
    assert (len(dcn), len(up)) == (16, 8)
    assert all(layer.use_bias for layer in dcn)
    assert {name for name, layer in up.items() if layer.factor == 4} == {"idaup_up2"}
    # The map of stride 8 that the last step takes is the one of the second, already joined.
    assert seen_by(model, "dlaup2_add2") == ["dlaup2_up2", "dlaup2_node1_relu"]
    assert seen_by(model, "idaup_add2") == ["idaup_up2", "idaup_node1_relu"]


def test_plain_aggregation_concatenates():
    inputs = levels()
    model = keras.Model(inputs, dla_up_plain(inputs))
    assert model.output_shape == (None, 32, 48, 3)
    assert seen_by(model, "dlaup2_concat3") == ["dlaup2_node2_relu", "dlaup2_up3"]
    assert model.get_layer("dlaup2_node3_conv").kernel.shape == (3, 3, 6, 3)
