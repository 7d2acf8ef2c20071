"""Every weight of the full-size originals has its place in our networks, and leaves none empty."""

import json
import types

import pytest

from centernet_tf.config import load_config
from centernet_tf.detectors import make_detector
from centernet_tf.weights.importing import SOURCES
from centernet_tf.weights.matching import match_weights

FCOS = "detector: fcos, options: {tower_bias: false}"
UPDATE = "detector: centernet_update, options: {tower_bias: false}"
NETWORKS = {
    "res_18": ("xingyizhou", "res_18", "detector: centernet"),
    "resdcn_18": ("xingyizhou", "resdcn_18", "detector: centernet"),
    "centernet_r18": ("mmdet", "mmdet_resnet18", "detector: centernet"),
    "centernet_r18_dcn": ("mmdet", "mmdet_resnet18_dcn", "detector: centernet"),
    "fcos_r50": ("mmdet", "fpn_resnet50_caffe", FCOS),
    "centernet_update_r50": ("mmdet", "fpn_resnet50_caffe", UPDATE),
    "dla_34": ("xingyizhou", "dla_34", "detector: centernet"),
    "dlav0_34": ("xingyizhou", "dlav0_34", "detector: centernet"),
    "hourglass": ("xingyizhou", "hourglass_104", "detector: centernet"),
    "cornernet_hg104": ("mmdet", "hourglass_104", "detector: cornernet"),
    "centernet_update_r50_lsj": ("mmdet", "fpn_resnet50", UPDATE),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_full_size_networks(testdata, name):
    source, backbone, model = NETWORKS[name]
    with open(testdata / "golden" / "keys" / f"{name}.json", encoding="utf-8") as stream:
        shapes = json.load(stream)
    settings = (
        f"{{model: {{backbone: {{name: {backbone}}}, {model}}}, data: {{input_size: [128, 128]}}}}"
    )
    network = make_detector(load_config([], [settings]), 80).build()
    tensors = {key: types.SimpleNamespace(shape=tuple(shape)) for key, shape in shapes.items()}
    rules = SOURCES[source].rules(network)
    matching = match_weights(network, tensors, rules, SOURCES[source].UNUSED)
    assert matching.missing == () and matching.mismatched == () and matching.zeros == ()
    assert [key for key, reason in matching.unused.items() if not reason] == []
    # One weight a variable, and nothing twice.
    variables = {id(pair.variable) for pair in matching.pairs}
    assert len(variables) == len(matching.pairs) == len(network.variables)
    assert len(matching.pairs) + len(matching.unused) == len(shapes)
