"""What an exported detector says about itself: labels and where it comes from."""

import dataclasses
import json
import os
from typing import Tuple

import tensorflow as tf

from centernet_tf import __version__
from centernet_tf.data.annotations import Category
from centernet_tf.export.comparison import Difference
from centernet_tf.export.options import ExportOptions


def labels_json(categories) -> str:
    """Returns labels.json, the same as in a model directory: a list of {"id", "name"}."""
    labels = [{"id": category.id, "name": category.name} for category in categories]
    return json.dumps(labels, indent=1, ensure_ascii=False) + "\n"


def parse_labels(text: str) -> Tuple[Category, ...]:
    """Reads labels.json.

    Raises:
      ValueError, KeyError, TypeError: it is damaged.
    """
    return tuple(Category(entry["id"], entry["name"]) for entry in json.loads(text))


def describe(trained, options: ExportOptions, kind: str) -> dict:
    """Returns the metadata of an export: kind, model, options and the resolved experiment."""
    config = trained.config
    return {
        "kind": kind,
        "detector": config.model.detector,
        "backbone": config.model.backbone.name,
        "input_size": list(config.data.input_size),
        "step": trained.step,
        "weights": trained.weights,
        "options": dataclasses.asdict(options),
        "categories": json.loads(labels_json(trained.categories)),
        "versions": {"centernet_tf": __version__, "tensorflow": tf.__version__},
        "config": config.as_dict(),
    }


def describe_check(difference: Difference, images: str) -> dict:
    """Returns what the metadata says of the comparison with the trained network."""
    return {"images": images, **dataclasses.asdict(difference)}


def write_text(path: str, text: str) -> None:
    """Writes UTF-8 text."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
