"""The table of a network's stages, for people and as JSON."""

import dataclasses
import json
import os

from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError
from centernet_tf.settings import ExperimentConfig
from centernet_tf.training.cost import stages_of, training_memory_bytes


def describe(config: ExperimentConfig, num_classes: int) -> dict:
    """Builds the network of an experiment and adds up its costs.

    Args:
      config: the experiment.
      num_classes: of the heads; the experiment may leave it to the data set.

    Returns:
      dict with 'parameters', 'multiply_adds' (one image), 'training_bytes', 'batch_size' (that of
      a micro-batch, if one device takes all of it), 'input_size', 'num_classes' and 'stages', a
      list of dicts with the fields of `Stage`.
    """
    network = make_detector(config, num_classes).build()
    stages = stages_of(network)
    batch_size = config.train.global_batch_size // config.train.accumulation_steps
    return {
        "network": network.name,
        "input_size": list(config.data.input_size),
        "num_classes": num_classes,
        "parameters": sum(stage.parameters for stage in stages),
        "multiply_adds": sum(stage.multiply_adds for stage in stages),
        "batch_size": batch_size,
        "training_bytes": training_memory_bytes(stages, batch_size, config.train.optimizer.name),
        "stages": [dataclasses.asdict(stage) for stage in stages],
    }


def classes_of(config: ExperimentConfig, num_classes: int) -> int:
    """The class count to describe: the flag, else the experiment's, else the data set's."""
    from centernet_tf.training.train import open_data_set

    if num_classes or config.model.num_classes:
        return num_classes or config.model.num_classes
    if config.data.path and os.path.isdir(config.data.path):
        return open_data_set(config).num_classes
    raise UserError(
        "The number of classes is not known: set model.num_classes, or data.path to a data set, "
        "or give --num_classes."
    )


def table(description: dict) -> str:
    """Formats a description for a terminal."""
    height, width = description["input_size"]
    lines = [
        f"{description['network']}, input {height}x{width}, {description['num_classes']} classes",
        f"{'stage':<10}{'layers':>7}{'parameters':>13}{'M multiply-adds':>17}  {'output':<24}"
        f"{'MB an image':>12}",
    ]
    for stage in description["stages"]:
        shape = _shapes_in_short(stage["output_shapes"])
        lines.append(
            f"{stage['name']:<10}{stage['layers']:>7}{stage['parameters']:>13,}"
            f"{stage['multiply_adds'] / 1e6:>17,.1f}  {shape:<24}"
            f"{stage['activation_bytes'] / 1e6:>12.1f}"
        )
    lines.append(
        f"{'total':<10}{sum(stage['layers'] for stage in description['stages']):>7}"
        f"{description['parameters']:>13,}{description['multiply_adds'] / 1e6:>17,.1f}"
    )
    lines.append(
        f"A training step of {description['batch_size']} images on one device needs about "
        f"{description['training_bytes'] / 1e9:.2f} GB for weights, gradients, optimizer and "
        "activations."
    )
    return "\n".join(lines)


def _shapes_in_short(shapes) -> str:
    """For example 128x128x64, 128x128 x 80/2, or 64x64 to 4x4 x 256; finest first."""
    sizes = list(dict.fromkeys(f"{height}x{width}" for height, width, _ in shapes))
    channels = "/".join(dict.fromkeys(str(shape[-1]) for shape in shapes))
    if len(shapes) == 1:
        return f"{sizes[0]}x{channels}"
    return " to ".join(dict.fromkeys([sizes[0], sizes[-1]])) + f" x {channels}"


def write_json(description: dict, path: str) -> None:
    """Writes a description as JSON."""
    try:
        with open(path, "w", encoding="utf-8") as stream:
            json.dump(description, stream, indent=1)
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror}.") from error
