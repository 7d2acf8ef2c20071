"""What a model directory holds, and a trained detector read back from one.

params.yaml       the resolved experiment
labels.json       the data set's categories, in the order of the contiguous class ids
checkpoints/      network, optimizer and position of the run
best/             the weights that had the highest AP while training
history.csv       one line an epoch
tensorboard/      the same for TensorBoard
evaluation/       metrics.json, detections.json, report.html; evaluation_SPLIT/ of other splits
"""

import dataclasses
import json
import os
from typing import Tuple

import keras
import tensorflow as tf

from centernet_tf.config import flat_settings, load_config, load_module, save_config
from centernet_tf.count_of import count_of
from centernet_tf.data.annotations import Category
from centernet_tf.detectors import PointDetector, make_detector
from centernet_tf.detectors.stacks import inference_network
from centernet_tf.errors import UserError
from centernet_tf.settings import ExperimentConfig
from centernet_tf.training.checkpoint_weights import assign_by_name, read_weights


@dataclasses.dataclass(frozen=True)
class Trained:
    """A detector with the weights of a checkpoint.

    Attributes:
      config: the experiment it was trained by.
      categories: the data set's categories; the position is the contiguous class id.
      detector: its four verbs.
      network: the functional model for inference, weights restored; heads of earlier stacks are
        no part of it.
      step: optimizer steps taken.
      model_dir: where it came from.
      weights: 'ema' for moving averages of the trained weights, 'trained' for these themselves.
    """

    config: ExperimentConfig
    categories: Tuple[Category, ...]
    detector: PointDetector
    network: keras.Model
    step: int
    model_dir: str
    weights: str = "trained"


def load_trained(model_dir: str, checkpoint: str = "newest") -> Trained:
    """Builds the detector of `model_dir`, in float32, with the weights of a checkpoint.

    Args:
      model_dir: folder of a run.
      checkpoint: 'newest', or 'best' for that of the highest AP while training.

    Raises:
      UserError: the folder is no model directory, holds no checkpoint, or the checkpoint is damaged
        or does not fit the settings beside it.
    """
    config = read_config(model_dir)
    categories = read_labels(model_dir)
    # Before the network is built, which a run that never began may have failed at.
    path = newest_checkpoint(model_dir) if checkpoint == "newest" else best_checkpoint(model_dir)
    detector = make_detector(config, len(categories))
    network = inference_network(detector.build())
    weights = _read_undamaged(path, model_dir)
    match = assign_by_name(network, weights.values)
    bad = match.missing + [name for name, _, _ in match.mismatched]
    if bad:
        raise UserError(
            f"The checkpoint {path} does not fit the settings in {model_dir}/params.yaml: it has "
            f"no {bad[0]} of the right shape."
        )
    return Trained(
        config, categories, detector, network, weights.step, model_dir, weights=weights.kind
    )


def _read_undamaged(path, model_dir):
    try:
        return read_weights(path)
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        raise UserError(
            f"The checkpoint {path} cannot be read ({str(error).splitlines()[0]}); it may be cut "
            "off or damaged. Start the training of this folder again, which goes on from the "
            "newest whole checkpoint, or use --checkpoint=best where train.keep_best kept one."
        ) from error


def read_config(model_dir: str) -> ExperimentConfig:
    """The resolved experiment of a model directory."""
    path = os.path.join(model_dir, "params.yaml")
    if not os.path.exists(path):
        fault = "it has no params.yaml" if os.path.isdir(model_dir) else "there is no such folder"
        raise UserError(
            f"{model_dir} is no model directory: {fault}. Train a detector first, with "
            f"python -m pipelines.train --model_dir={model_dir} --config_file=..."
        )
    return load_config([path])


def read_labels(model_dir: str) -> Tuple[Category, ...]:
    """The categories of a model directory."""
    path = os.path.join(model_dir, "labels.json")
    try:
        with open(path, encoding="utf-8") as stream:
            return tuple(Category(entry["id"], entry["name"]) for entry in json.load(stream))
    except OSError as error:
        raise UserError(
            f"Cannot read the class names in {path}: {error.strerror}. A training writes them; "
            "copy its whole folder, or train again."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"Cannot read the class names in {path}: it must be a list of objects with id and name."
        ) from error


def write_description(model_dir: str, config: ExperimentConfig, categories) -> None:
    """Writes params.yaml and labels.json.

    Where the folder has a checkpoint, those present must describe the same model; without one
    nothing was trained that could be lost.

    Raises:
      UserError: the folder already holds a run of another model, or cannot be written.
    """
    if has_checkpoint(model_dir) and os.path.exists(os.path.join(model_dir, "params.yaml")):
        _check_same_model(model_dir, config, categories)
    labels = [dataclasses.asdict(category) for category in categories]
    temporary = os.path.join(model_dir, "labels.json.tmp")
    try:
        os.makedirs(model_dir, exist_ok=True)
        save_config(config, os.path.join(model_dir, "params.yaml"))
        with open(temporary, "w", encoding="utf-8") as stream:
            json.dump(labels, stream, indent=1, ensure_ascii=False)
        os.replace(temporary, os.path.join(model_dir, "labels.json"))
    except OSError as error:
        raise UserError(
            f"Cannot write to the model directory {model_dir}: {error.strerror}."
        ) from error


def has_checkpoint(model_dir: str) -> bool:
    """Says whether a run has got as far as its first checkpoint."""
    return tf.train.latest_checkpoint(os.path.join(model_dir, "checkpoints")) is not None


def newest_checkpoint(model_dir: str) -> str:
    """Path of the newest checkpoint."""
    path = tf.train.latest_checkpoint(os.path.join(model_dir, "checkpoints"))
    if path is None:
        raise UserError(
            f"{model_dir} holds no checkpoint yet; train with python -m pipelines.train "
            f"--model_dir={model_dir} --config_file=..."
        )
    return path


def best_checkpoint(model_dir: str) -> str:
    """Path of the checkpoint with the highest AP."""
    path = tf.train.latest_checkpoint(os.path.join(model_dir, "best"))
    if path is None:
        raise UserError(
            f"{model_dir} holds no best checkpoint: it is kept by train.keep_best when "
            "--mode=train_and_eval scores the detector between epochs. Use --checkpoint=newest."
        )
    return path


def _check_same_model(model_dir, config, categories):
    before = read_config(model_dir)
    advice = "choose another --model_dir, or delete this one to start anew."
    present = _what_shapes_a_checkpoint(before)
    for key, value in _what_shapes_a_checkpoint(config).items():
        if present.get(key) != value:
            raise UserError(
                f"{model_dir} holds a run with {key} = {present.get(key)}, and now it is {value}; "
                f"{advice}"
            )
    if os.path.exists(os.path.join(model_dir, "labels.json")):
        names = [category.name for category in read_labels(model_dir)]
        wanted = [category.name for category in categories]
        if names != wanted:
            raise UserError(
                f"{model_dir} holds a run for other classes than the data set has: "
                f"{_first_difference(names, wanted)}; {advice}"
            )


def _what_shapes_a_checkpoint(config):
    """Returns the settings by which checkpoints differ in what they hold."""
    train = config.train
    model = config.model
    settings = {"model.detector": model.detector, "model.sync_batch_norm": model.sync_batch_norm}
    for name in load_module("detectors", model.detector).Detector.network_options:
        settings[f"model.options.{name}"] = getattr(model.options, name)
    for name, value in flat_settings(model.backbone).items():
        # Where the weights came from in the beginning shapes nothing.
        if name != "init_checkpoint":
            settings[f"model.backbone.{name}"] = value
    settings["train.optimizer.name"] = train.optimizer.name
    settings["train.ema_decay"] = "on" if train.ema_decay else "off"
    settings["runtime.precision"] = (
        "float16" if config.runtime.precision == "float16" else "float32 or bfloat16"
    )
    # Optimizers keep no slots for what is frozen.
    settings["train.freeze_backbone_stages"] = train.freeze_backbone_stages
    settings["train.freeze_batch_norm"] = train.freeze_batch_norm
    return settings


def _first_difference(names, wanted) -> str:
    if len(names) != len(wanted):
        return f"{count_of(len(names), 'class')} and {len(wanted)}"
    index = next(i for i, (one, other) in enumerate(zip(names, wanted)) if one != other)
    return f"number {index} is '{names[index]}' in the run and '{wanted[index]}' in the data set"
