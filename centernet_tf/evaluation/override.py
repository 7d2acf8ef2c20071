"""Evaluating a trained model under other settings than it was trained with."""

import dataclasses
import os
from typing import Sequence

from centernet_tf.config import load_config
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
