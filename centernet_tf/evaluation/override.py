"""Evaluating a trained model under other settings than it was trained with."""

import dataclasses
import os
from typing import Sequence

from centernet_tf.config import flat_settings, load_config
from centernet_tf.detectors import make_detector
from centernet_tf.detectors.stacks import inference_network
from centernet_tf.errors import UserError


def override_settings(trained, params_override: Sequence[str]):
    """Returns the trained model with changed settings, its weights kept.

    Args:
      trained: what `training.model_dir.load_trained` returns.
      params_override: as of `config.load_config`, such as `data.input_size=[384, 384]`.

    Raises:
      UserError: a setting is wrong, or makes a network that the weights do not fit.
    """
    if not params_override:
        return trained
    config = load_config([os.path.join(trained.model_dir, "params.yaml")], params_override)
    detector = make_detector(config, len(trained.categories))
    network = inference_network(detector.build())
    try:
        network.set_weights(trained.network.get_weights())
    except ValueError as error:
        raise UserError(
            f"With {', '.join(params_override)} the network has other weights than the ones in "
            f"{trained.model_dir}; settings that change its layers cannot be overridden after "
            "training."
        ) from error
    return dataclasses.replace(trained, config=config, detector=detector, network=network)


def coco_backend(params_override: Sequence[str]) -> str:
    """Returns evaluation.coco_backend, the one setting that scores of files depend on.

    Raises:
      UserError: another setting is given.
    """
    config = load_config([], params_override)
    before, now = flat_settings(load_config([])), flat_settings(config)
    for name in now:
        if name != "evaluation.coco_backend" and now[name] != before.get(name):
            raise UserError(
                f"--params_override={name}=... has no effect with --detections; only "
                "evaluation.coco_backend has."
            )
    return config.evaluation.coco_backend
