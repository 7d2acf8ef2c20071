"""A trained and scored model directory, read back to be compared with another."""

import dataclasses
import json
import os
from typing import Dict, List, Sequence

from centernet_tf.config import flat_settings
from centernet_tf.errors import UserError
from centernet_tf.evaluation.coco_files import read_detections
from centernet_tf.evaluation.coco_metrics import METRIC_NAMES
from centernet_tf.evaluation.history_file import read_history
from centernet_tf.evaluation.result_files import results_folder
from centernet_tf.training.model_dir import read_config


@dataclasses.dataclass(frozen=True, eq=False)
class ScoredRun:
    """What a run left.

    Attributes:
      name: short, and another for each run that is read together.
      metrics: of its metrics.json.
      detections: of its detections.json.
      history: lines of its history.csv, none without one.
      settings: values as text by their full name, such as 'train.epochs'.
      data_dir: of the records it was trained on.
    """

    name: str
    metrics: dict
    detections: list
    history: List[dict]
    settings: Dict[str, str]
    data_dir: str

    @property
    def split(self) -> str:
        """What it was scored on."""
        return self.metrics.get("split", "")


def read_runs(model_dirs: Sequence[str], split: str = "") -> List[ScoredRun]:
    """Reads model directories that pipelines.evaluate, or a training, has scored.

    Args:
      model_dirs: their paths.
      split: whose scores; '' takes each run's own `data.eval_split`.

    Raises:
      UserError: a folder is no model directory, or has no scores that can be read.
    """
    paths = [os.path.normpath(path) for path in model_dirs]
    names = [os.path.basename(path) for path in paths]
    return [
        _read(path, name if names.count(name) == 1 else path, split)
        for path, name in zip(paths, names)
    ]


def _read(path, name, split):
    config = read_config(path)
    folder = results_folder(path, config, split)
    metrics = _read_metrics(os.path.join(folder, "metrics.json"), path, split)
    history = os.path.join(path, "history.csv")
    return ScoredRun(
        name=name,
        metrics=metrics,
        detections=read_detections(os.path.join(folder, "detections.json")),
        history=read_history(history) if os.path.exists(history) else [],
        settings={key: str(value) for key, value in flat_settings(config).items()},
        data_dir=config.data.path,
    )


def _read_metrics(file, model_dir, split):
    try:
        with open(file, encoding="utf-8") as stream:
            metrics = json.load(stream)
        _check_metrics(metrics)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{model_dir} has no scores that can be read ({file}: {error}); score it with "
            f"python -m pipelines.evaluate --model_dir={model_dir}"
            f"{f' --split={split}' if split else ''}"
        ) from error
    return metrics


def _check_metrics(metrics) -> None:
    """Raises ValueError where the twelve metrics, or those of the classes, are not all there."""
    classes = metrics.get("per_class") if isinstance(metrics, dict) else None
    if not isinstance(classes, dict):
        raise ValueError("it has no per_class")
    for name in METRIC_NAMES:
        if type(metrics.get(name)) not in (int, float):
            raise ValueError(f"{name} is no number")
    for name, values in classes.items():
        if not isinstance(values, dict) or type(values.get("AP")) not in (int, float):
            raise ValueError(f"the class '{name}' has no AP")
