"""The heat-map of every detector is found by the names of its outputs."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.detectors import make_detector
from centernet_tf.serving.heat_map import heat_map, strongest

BACKBONES = {
    "centernet": "res_18",
    "cornernet": "lateral_resnet18",
    "centernet_triplets": "lateral_resnet18",
    "centernet_update": "fpn_resnet18",
    "fcos": "fpn_resnet18",
}


@pytest.mark.parametrize("name", BACKBONES)
def test_it_shows_what_pictures_of_the_training_show(name, rng):
    model = {"detector": name, "backbone": {"name": BACKBONES[name]}}
    settings = str({"model": model, "data": {"input_size": [64, 96]}})
    detector = make_detector(load_config([], [settings]), 3)
    boxes = tf.constant([[4.0, 6, 30, 40], [20, 50, 52, 90]])
    targets = detector.encode(boxes, tf.constant([0, 2]), tf.constant([True, True]))
    maps = detector.targets_to_outputs({key: value[tf.newaxis] for key, value in targets.items()})
    noisy = {key: value + rng.normal(size=value.shape) for key, value in maps.items()}
    maps = {key: np.float32(value) for key, value in noisy.items()}
    # Of the mirror image, where there is a flip test.
    outputs = {"raw_mirrored_tl_heatmap": np.full([16, 24, 3], 9.0)}
    outputs |= {f"raw_{key}": values[0] for key, values in maps.items()}
    expected = detector.object_map(maps)[0]
    np.testing.assert_allclose(tf.sigmoid(strongest(outputs)), expected, atol=1e-6)


@pytest.mark.parametrize(
    "outputs, sentence",
    [
        ({"detection_scores": 1}, "export it with --raw_maps"),
        ({"raw_size": 1, "raw_box_p3": 1}, "None of this model's maps is a heat-map"),
        ({"raw_heatmap": np.zeros([2, 2, 1])}, "does not tell the input's size"),
    ],
)
def test_where_there_is_none_the_reason_is_the_right_one(outputs, sentence, tmp_path):
    found, reason = heat_map(outputs, (10, 10), str(tmp_path))
    assert found is None and sentence in reason
