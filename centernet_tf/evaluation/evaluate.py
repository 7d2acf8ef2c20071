"""Scoring a detector on a split, and keeping the score."""

import contextlib
import json
import os
from typing import Callable, Optional, Tuple

import tensorflow as tf

from centernet_tf.count_of import count_of
from centernet_tf.data import input_pipeline
from centernet_tf.data.progress import ProgressBar
from centernet_tf.data.split_check import unusable_records
from centernet_tf.errors import UserError
from centernet_tf.evaluation.coco_metrics import METRIC_NAMES, coco_metrics
from centernet_tf.evaluation.detect import detect_batches, detect_function
from centernet_tf.evaluation.ground_truth import coco_ground_truth
from centernet_tf.evaluation.soft_nms import merge_results


def evaluate(trained, manifest, split: Optional[str] = None, progress: bool = False) -> dict:
    """Scores a trained model; writes and prints the results.

    `evaluation/metrics.json` and `evaluation/detections.json` go to the model's folder, a table and
    their place to the terminal.

    Args:
      trained: what `training.model_dir.load_trained` returns.
      manifest: of the data set to score on.
      split: its name; None is the experiment's `data.eval_split`.
      progress: show a progress bar at a terminal.

    Returns:
      the metrics of `coco_metrics`, and 'split' and 'step'.

    Raises:
      UserError: the data set's classes are not the model's, or it has no such split.
    """
    check_categories(trained.categories, manifest)
    split = split or trained.config.data.eval_split
    metrics, detections = evaluate_network(
        trained.network, trained.detector, trained.config, manifest, split, progress
    )
    metrics = {"split": split, "step": int(trained.step), **metrics}
    folder = os.path.join(trained.model_dir, "evaluation")
    write_results(folder, metrics, detections)
    print(metrics_table(metrics))
    images = count_of(metrics["num_images"], "image")
    print(
        f"{images} of '{split}' at step {metrics['step']}; metrics.json and "
        f"detections.json are in {os.path.normpath(folder)}",
        flush=True,
    )
    return metrics


def evaluate_network(
    network,
    detector,
    config,
    manifest,
    split: Optional[str] = None,
    progress: bool = False,
    detect: Optional[Callable] = None,
) -> Tuple[dict, list]:
    """Scores a network as it stands, for use inside training; writes nothing.

    Args:
      network: `keras.Model` from `detector.build()`.
      detector: the `PointDetector`.
      config: the experiment.
      manifest: of the data set; its classes are taken to be the network's.
      split: its name; None is `config.data.eval_split`.
      progress: show a progress bar at a terminal.
      detect: `detect_function(network, detector)` of an earlier call, to save tracing it again.

    Returns:
      the metrics of `coco_metrics`, and the COCO results they were computed from.
    """
    split = split or config.data.eval_split
    if config.evaluation.resolution == "keep":
        any_size = detector.build((None, None))
        any_size.set_weights(network.get_weights())
        network, detect = any_size, None
    if config.evaluation.flip or detect is None:
        detect = detect_function(network, detector, config.evaluation.flip)
    detections = _detect_split(detect, detector, config, manifest, split, progress)
    annotations = input_pipeline.read_annotations(manifest, split)
    truth = coco_ground_truth(annotations, manifest.categories)
    return coco_metrics(truth, detections, config.evaluation.coco_backend), detections


def _detect_split(detect, detector, config, manifest, split, progress) -> list:
    """Returns the COCO results of a split at all scales, merged and rounded as configured."""
    settings, detections = config.evaluation, []
    num_images = manifest.split(split).num_examples * len(settings.scales)
    bar = ProgressBar(split, num_images) if progress else None
    with _unreadable_named(manifest, split):
        for scale in settings.scales:
            batches = input_pipeline.eval_dataset(config, manifest, split, scale)
            detections += detect_batches(
                detect, batches, manifest.class_ids, bar.advance if bar else None
            )
    if bar:
        bar.close()
    if len(settings.scales) > 1 or settings.soft_nms:
        detections = merge_results(detections, detector.options.max_detections)
    if settings.round_scores:
        detections = [{**each, "score": round(each["score"], 2)} for each in detections]
    return detections


@contextlib.contextmanager
def _unreadable_named(manifest, split):
    """Turns an error of reading into one sentence on the records that cannot be read."""
    try:
        yield
    except (tf.errors.InvalidArgumentError, tf.errors.DataLossError, UnicodeDecodeError) as error:
        faults = unusable_records(manifest, split)
        if not faults:
            raise
        name, fault = faults[0]
        raise UserError(
            f"{count_of(len(faults), 'record')} of split '{split}' of {manifest.data_dir} cannot "
            f"be used, the first is {name}: {fault}. A score without them would say too much; make "
            "the data set again with python -m pipelines.make_tfrecords."
        ) from error


def check_categories(categories, manifest) -> None:
    """Checks that a data set has the classes of a model, by id and name, in their order.

    Raises:
      UserError: they differ; the first difference is named.
    """
    if len(categories) != manifest.num_classes:
        raise UserError(
            f"The model has {len(categories)} classes ({_names(categories)}) but the data set in "
            f"{manifest.data_dir} has {manifest.num_classes} ({_names(manifest.categories)}); "
            "evaluate on the data set it was trained on, or on one made with the same classes."
        )
    for index, (ours, theirs) in enumerate(zip(categories, manifest.categories)):
        if (ours.id, ours.name) != (theirs.id, theirs.name):
            raise UserError(
                f"Class {index} of the model is '{ours.name}' (id {ours.id}) but in the data set "
                f"in {manifest.data_dir} it is '{theirs.name}' (id {theirs.id}); make the data "
                "set with the model's classes."
            )


def _names(categories) -> str:
    names = [category.name for category in categories]
    return ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")


def write_results(folder: str, metrics: dict, detections: list) -> None:
    """Writes metrics.json and detections.json; each is whole or not there.

    Raises:
      UserError: the folder cannot be written.
    """
    try:
        os.makedirs(folder, exist_ok=True)
        for name, value, indent in (
            ("detections.json", detections, None),
            ("metrics.json", metrics, 2),
        ):
            temporary = os.path.join(folder, name + ".tmp")
            with open(temporary, "w", encoding="utf-8") as stream:
                json.dump(value, stream, indent=indent)
                stream.write("\n")
            os.replace(temporary, os.path.join(folder, name))
    except OSError as error:
        raise UserError(f"Cannot write the evaluation to {folder}: {error.strerror}.") from error


def metrics_table(metrics: dict) -> str:
    """Returns the metrics and the classes as a table for the terminal; '-' where undefined."""
    lines = [
        "".join(f"{name:>7}" for name in METRIC_NAMES),
        "".join(f"{format_metric(metrics[name]):>7}" for name in METRIC_NAMES),
        "",
    ]
    width = max([len("class"), *map(len, metrics["per_class"])])
    columns = ("AP", "AP50", "AP75", "AR100")
    lines.append(f"{'class':<{width}}" + "".join(f"{c:>7}" for c in columns) + f"{'objects':>9}")
    for name, row in metrics["per_class"].items():
        values = "".join(f"{format_metric(row[column]):>7}" for column in columns)
        lines.append(f"{name:<{width}}{values}{row['num_objects']:>9}")
    return "\n".join(lines)


def format_metric(value: float) -> str:
    """Returns a metric with three decimals, or '-' for pycocotools' -1 (nothing to find)."""
    return "-" if value < 0 else f"{value:.3f}"
