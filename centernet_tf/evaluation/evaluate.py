"""Scoring a detector on a split, and keeping the score."""

import contextlib
import os
from typing import Callable, NamedTuple, Optional, Sequence

import numpy as np
import tensorflow as tf

from centernet_tf.count_of import count_of
from centernet_tf.data import input_pipeline
from centernet_tf.data.progress import ProgressBar
from centernet_tf.data.split_check import unusable_records
from centernet_tf.errors import UserError
from centernet_tf.evaluation.coco_backend import require_backend
from centernet_tf.evaluation.coco_files import check_same_categories, read_ground_truth
from centernet_tf.evaluation.coco_metrics import coco_scores
from centernet_tf.evaluation.detect import detect_batches
from centernet_tf.evaluation.device_copies import device_copies
from centernet_tf.evaluation.ground_truth import coco_ground_truth
from centernet_tf.evaluation.matched_classes import matched_classes, tell_other_ids
from centernet_tf.evaluation.metrics_table import metrics_table
from centernet_tf.evaluation.result_files import results_folder, write_results
from centernet_tf.evaluation.soft_nms import merge_results
from centernet_tf.evaluation.write_report import write_report


class Evaluation(NamedTuple):
    """A score, and everything it was computed from.

    Attributes:
      metrics: of `coco_metrics`.
      detections: COCO results.
      ground_truth: COCO data set as a dict.
      precision: of `CocoScores`.
    """

    metrics: dict
    detections: list
    ground_truth: dict
    precision: np.ndarray


def evaluate(
    trained,
    manifest,
    split: Optional[str] = None,
    progress: bool = False,
    annotations_path: str = "",
    output_dir: str = "",
) -> dict:
    """Scores a trained model; writes and prints the results.

    `metrics.json`, `detections.json` and, with `evaluation.report`, `report.html` go to a folder, a
    table and their place to the terminal.

    Args:
      trained: what `training.model_dir.load_trained` returns.
      manifest: of the data set to detect in; its classes are matched by name.
      split: its name; None is the experiment's `data.eval_split`.
      progress: show a progress bar at a terminal.
      annotations_path: COCO JSON to score against; '' takes the objects of the records, with the
        same numbers if nothing was left out or changed when they were made.
      output_dir: where the results go; '' is `evaluation` in the model's folder, and
        `evaluation_SPLIT` for another split than the experiment's.

    Returns:
      the metrics of `coco_metrics`, and 'split', 'step' and 'weights' ('ema' or 'trained').

    Raises:
      UserError: the data set's classes or the annotation file's are not the model's, there is no
        such split, or the annotation file lacks images of the split.
    """
    manifest = matched_classes(trained.categories, manifest)
    tell_other_ids(trained.categories, manifest)
    truth = read_ground_truth(annotations_path) if annotations_path else None
    if truth:
        check_same_categories(manifest.categories, truth, annotations_path)
    split = split or trained.config.data.eval_split
    copies = device_copies(trained.network, trained.detector, trained.config)
    result = evaluate_network(
        copies.networks[0],
        trained.detector,
        trained.config,
        manifest,
        split,
        progress,
        copies.detect,
        ground_truth=truth,
    )
    metrics = {
        "split": split,
        "step": int(trained.step),
        "weights": trained.weights,
        **result.metrics,
    }
    folder = output_dir or results_folder(trained.model_dir, trained.config, split)
    write_results(folder, metrics, result.detections)
    print(metrics_table(metrics))
    left_out = metrics["num_images"] - manifest.split(split).num_examples
    if left_out > 0:
        print(
            f"{count_of(left_out, 'image')} of {annotations_path} stand not in the records; their "
            "objects count as missed."
        )
    images = count_of(metrics["num_images"], "image")
    average = " (averaged weights)" if trained.weights == "ema" else ""
    scored = f"{images} of '{split}' at step {metrics['step']}{average}"
    report = trained.config.evaluation.report
    if report:
        title = f"{os.path.basename(os.path.normpath(trained.model_dir))} on {split}"
        about = f"{scored}. {_network_sentence(trained.config)}"
        timed = copies.networks[0], trained.detector, trained.config
        write_report(folder, result, title, about, (manifest, split), timed)
    files = f"metrics.json{', report.html' if report else ''} and detections.json"
    print(f"{scored}; {files} are in {os.path.normpath(folder)}", flush=True)
    return metrics


def _network_sentence(config) -> str:
    height, width = config.data.input_size
    return f"{config.model.detector} with {config.model.backbone.name}, input {height}x{width};"


def evaluate_network(
    network,
    detector,
    config,
    manifest,
    split: Optional[str] = None,
    progress: bool = False,
    detect: Optional[Sequence[Callable]] = None,
    ground_truth: Optional[dict] = None,
) -> Evaluation:
    """Scores a network as it stands, for use inside training; writes nothing.

    Args:
      network: `keras.Model` from `detector.build()`, the heads of inference alone
        (`inference_network`).
      detector: the `PointDetector`.
      config: the experiment.
      manifest: of the data set; its classes are taken to be the network's.
      split: its name; None is `config.data.eval_split`.
      progress: show a progress bar at a terminal.
      detect: `DeviceCopies.detect` of an earlier call, to save tracing it again.
      ground_truth: COCO data set to score against; None takes the objects of the records.
    """
    require_backend(config.evaluation.coco_backend)
    split = split or config.data.eval_split
    if detect is None:
        detect = device_copies(network, detector, config).detect
    detections = _detect_split(detect, detector, config, manifest, split, progress)
    if ground_truth is None:
        annotations = input_pipeline.read_annotations(manifest, split)
        ground_truth = coco_ground_truth(annotations, manifest.categories)
    scores = coco_scores(ground_truth, detections, config.evaluation.coco_backend)
    return Evaluation(scores.metrics, detections, ground_truth, scores.precision)


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
