"""A trained model under other settings keeps its weights, or says why it cannot."""

import numpy as np
import pytest

from centernet_tf.config import load_config, save_config
from centernet_tf.data.annotations import Category
from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError
from centernet_tf.evaluation.override import override_settings
from centernet_tf.training.model_dir import Trained

SMALL = [
    "data.input_size=[64,64]",
    "model.backbone.width_multiplier=0.125",
    "model.options.head_channels=8",
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("model"))
    config = load_config([], SMALL)
    save_config(config, folder + "/params.yaml")
    detector = make_detector(config, 1)
    return Trained(config, (Category(1, "cat"),), detector, detector.build(), 7, folder)


def test_nothing_to_change_gives_the_same_model(trained):
    assert override_settings(trained, []) is trained


def test_other_input_size_keeps_the_weights(trained):
    changed = override_settings(trained, ["data.input_size=[96,64]", "evaluation.batch_size=3"])
    assert changed.network.input_shape == (None, 96, 64, 3)
    assert changed.config.evaluation.batch_size == 3
    assert changed.step == 7
    for ours, theirs in zip(changed.network.get_weights(), trained.network.get_weights()):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "override",
    [
        "model.options.head_channels=16",
        "model.options.cat_spec_wh=true",
        "model.backbone.name=resdcn_18",
        "model.num_classes=4",
    ],
)
def test_other_networks_are_refused(trained, override):
    name = override.split("=")[0]
    with pytest.raises(UserError, match=f"{name}=... makes another network than"):
        override_settings(trained, [override])


@pytest.mark.parametrize(
    "override",
    ["train.epochs=3", "data.train_split=other", "runtime.seed=4", "runtime.precision=bfloat16"],
)
def test_what_no_score_depends_on_is_refused(trained, override):
    name = override.split("=")[0]
    with pytest.raises(UserError, match=f"{name}=... has no effect on scores; only evaluation"):
        override_settings(trained, [override])


def test_what_the_run_has_already_may_be_said_again(trained):
    changed = override_settings(
        trained, ["train.epochs=140,model.options.head_channels=8,model.options.max_detections=5"]
    )
    assert changed.detector.options.max_detections == 5
    assert override_settings(trained, ["data.path=other"]).config.data.path == "other"
