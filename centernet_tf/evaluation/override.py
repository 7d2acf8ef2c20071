"""Evaluating a trained model under other settings than it was trained with."""

import dataclasses
import os
from typing import Sequence

from centernet_tf.config import flat_settings, load_config
from centernet_tf.detectors import make_detector
from centernet_tf.detectors.stacks import inference_network
from centernet_tf.errors import UserError

# What a score depends on besides evaluation.* and the decoder's options in model.options.
_READ = (
    "data.path",
    "data.eval_split",
    "data.input_size",
    "data.channel_order",
    "data.mean",
    "data.std",
    "runtime.strategy",
    "runtime.xla",
)


def override_settings(trained, params_override: Sequence[str]):
    """Returns the trained model with changed settings, its weights kept.

    Args:
      trained: what `training.model_dir.load_trained` returns.
      params_override: as of `config.load_config`, such as `data.input_size=[384, 384]`.

    Raises:
      UserError: a setting is wrong, does not change a score, or makes another network than the one
        that the weights are of.
    """
    if not params_override:
        return trained
    config = load_config([os.path.join(trained.model_dir, "params.yaml")], params_override)
    own = [f"model.options.{name}" for name in trained.detector.network_options]
    for name in _changed(trained.config, config):
        is_option = name.startswith("model.options.") and name not in own
        if name.startswith("model.") and not is_option:
            raise UserError(
                f"--params_override={name}=... makes another network than the one in "
                f"{trained.model_dir}; settings of its layers cannot be overridden after training."
            )
        if not is_option and not name.startswith("evaluation.") and name not in _READ:
            raise UserError(
                f"--params_override={name}=... has no effect on scores; only evaluation.*, "
                f"model.options.*, {', '.join(_READ)} have."
            )
    detector = make_detector(config, len(trained.categories))
    network = inference_network(detector.build())
    network.set_weights(trained.network.get_weights())
    return dataclasses.replace(trained, config=config, detector=detector, network=network)


def coco_backend(params_override: Sequence[str]) -> str:
    """Returns evaluation.coco_backend, the one setting that scores of files depend on.

    Raises:
      UserError: another setting is given.
    """
    config = load_config([], params_override)
    for name in _changed(load_config([]), config):
        if name != "evaluation.coco_backend":
            raise UserError(
                f"--params_override={name}=... has no effect with --detections; only "
                "evaluation.coco_backend has."
            )
    return config.evaluation.coco_backend


def _changed(before, now) -> list:
    """The names of the settings of `now` that `before` has not, or not so."""
    present = flat_settings(before)
    return [
        name
        for name, value in flat_settings(now).items()
        if name not in present or present[name] != value
    ]
