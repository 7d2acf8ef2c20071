"""A model directory that is not what it should be is told in one sentence."""

import pytest
import tensorflow as tf

from centernet_tf.config import flat_settings, load_config, load_module
from centernet_tf.data.annotations import Category
from centernet_tf.detectors import cornernet, make_detector
from centernet_tf.errors import UserError
from centernet_tf.training.model_dir import (
    load_trained,
    read_config,
    read_labels,
    write_description,
)

CELLS = (Category(3, "disc"), Category(7, "cell"))


def write_trained(model_dir, config):
    """Writes the description and a checkpoint."""
    write_description(str(model_dir), config, CELLS)
    checkpoint = tf.train.Checkpoint(step=tf.Variable(0))
    tf.train.CheckpointManager(checkpoint, str(model_dir / "checkpoints"), 1).save()


def test_what_was_written_is_read_back(tmp_path):
    config = load_config([], ["train.epochs=3"])
    model_dir = str(tmp_path / "deep" / "model")
    write_description(model_dir, config, CELLS)
    assert read_config(model_dir).as_dict() == config.as_dict()
    assert read_labels(model_dir) == CELLS


def test_no_model_directory_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(UserError, match="it has no params.yaml. Train a detector first") as caught:
        read_config(str(tmp_path))
    assert f"--model_dir={tmp_path} --config_file=..." in str(caught.value)
    with pytest.raises(UserError, match="is no model directory: there is no such folder"):
        read_config(str(tmp_path / "nowhere"))


def test_other_classes_are_named_by_their_first_difference(tmp_path):
    config = load_config([])
    write_trained(tmp_path, config)
    with pytest.raises(UserError, match="number 1 is 'cell' in the run and 'wall' in the data set"):
        write_description(str(tmp_path), config, (CELLS[0], Category(7, "wall")))
    with pytest.raises(UserError, match="than the data set has: 2 classes and 1; choose another"):
        write_description(str(tmp_path), config, CELLS[:1])


@pytest.mark.parametrize(
    "override, words",
    [
        ("train.ema_decay=0.9", "train.ema_decay = off, and now it is on"),
        ("train.optimizer.name=sgd", "train.optimizer.name = adam, and now it is sgd"),
        ("runtime.precision=float16", "precision = float32 or bfloat16, and now it is float16"),
        ("train.freeze_batch_norm=true", "train.freeze_batch_norm = False, and now it is True"),
    ],
)
def test_settings_that_shape_a_checkpoint_stay(tmp_path, override, words):
    write_trained(tmp_path, load_config([]))
    with pytest.raises(UserError, match=words):
        write_description(str(tmp_path), load_config([], [override]), CELLS)
    harmless = [
        "runtime.precision=bfloat16,train.epochs=200,train.accumulation_steps=4",
        "model: {num_classes: 2, options: {max_detections: 50, size_weight: 0.2, box_nms: 0.6}}",
    ]
    write_description(str(tmp_path), load_config([], harmless), CELLS)


def test_a_run_that_never_began_makes_way(tmp_path):
    write_description(str(tmp_path), load_config([], ["model.backbone.name=resnet18"]), CELLS)
    with pytest.raises(UserError, match="no checkpoint"):
        load_trained(str(tmp_path))
    config = load_config([], ["model.backbone.name=res_18"])
    write_description(str(tmp_path), config, CELLS[:1])
    assert read_config(str(tmp_path)).model.backbone.name == "res_18"
    assert read_labels(str(tmp_path)) == CELLS[:1]


OTHER_OPTIONS = {
    "centernet": "radius_rule: mmdet, min_overlap: 0.5, variant: mmdet, heatmap_on: device, "
    "heatmap_weight: 2.0, size_weight: 1.0, offset_weight: 2.0, box_loss: giou, "
    "max_detections: 20, peak_kernel: 5, box_nms: 0.5",
    "fcos": "center_radius: 1.5, box_loss: giou, iou_smoothing: 0.0, level_bounds: [1, 2, 3, 4], "
    "score_rule: product, score_threshold: 0.1, level_limit: 50, nms_threshold: 0.5, "
    "max_detections: 20",
    "centernet_update": "box_bias: 1.0, level_bounds: [1, 2, 3, 4], level_overlap: 1.5, "
    "min_overlap: 0.7, min_radius: 2.0, extra_positives: false, box_weight: 1.0, "
    "iou_smoothing: 0.0, score_threshold: 0.1, level_limit: 50, nms_threshold: 0.5, "
    "max_detections: 20",
    "cornernet": "radius_rule: mmdet, min_overlap: 0.5, variant: mmdet, heatmap_weight: 2.0, "
    "offset_weight: 2.0, pull_weight: 0.2, push_weight: 0.2, tag_images: 3.0, corners: 20, "
    "pairs: 30, peak_kernel: 5, max_tag_distance: 0.4, max_detections: 20, soft_nms: false, "
    "soft_nms_sigma: 0.4, soft_nms_floor: 0.01",
    "centernet_triplets": "radius_rule: mmdet, centers: 20, small_area: 99.0",
}


@pytest.mark.parametrize("detector", OTHER_OPTIONS)
def test_options_that_may_change_leave_the_network_as_it_is(detector):
    pyramid = detector in ("fcos", "centernet_update")
    backbone = "fpn_resnet18" if pyramid else "res_18"
    base = [
        f"model: {{detector: {detector}, backbone: {{name: {backbone}, width_multiplier: 0.125}}}}",
        "data.input_size=[64,64]",
    ]
    configs = [
        load_config([], base),
        load_config([], [*base, f"model: {{options: {{{OTHER_OPTIONS[detector]}}}}}"]),
    ]
    networks = [make_detector(config, 3).build() for config in configs]
    shapes = [[(each.name, tuple(each.shape)) for each in network.weights] for network in networks]
    assert shapes[0] == shapes[1]
    before, after = (flat_settings(config.model.options) for config in configs)
    changed = {name for name in before if before[name] != after[name]}
    inherited = set(cornernet.Options().as_dict()) if detector == "centernet_triplets" else set()
    fixed = set(load_module("detectors", detector).Detector.network_options)
    assert changed | inherited | fixed >= set(before) and not changed & fixed


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="Cannot write to the model directory .*file: File exists."):
        write_description(str(tmp_path / "file"), load_config([]), CELLS)


def test_damaged_labels(tmp_path):
    with pytest.raises(UserError, match=r"labels.json: No such file or directory\. A training"):
        read_labels(str(tmp_path))
    (tmp_path / "labels.json").write_text('["disc"]')
    with pytest.raises(UserError, match="must be a list of objects with id and name"):
        read_labels(str(tmp_path))
