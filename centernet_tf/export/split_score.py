"""The COCO metrics of any predictor: a trained network or an export, image by image."""

import os

import tensorflow as tf

from centernet_tf.count_of import count_of
from centernet_tf.data.record_annotations import read_annotations
from centernet_tf.data.record_stream import read_shards
from centernet_tf.evaluation.coco_metrics import coco_metrics
from centernet_tf.evaluation.detect import coco_results
from centernet_tf.evaluation.ground_truth import coco_ground_truth
from centernet_tf.evaluation.matched_classes import matched_classes, tell_other_ids
from centernet_tf.evaluation.metrics_table import metrics_table
from centernet_tf.evaluation.result_files import write_results
from centernet_tf.export.predictor import load_predictor
from centernet_tf.ops.detections import Detections

_ENCODED = {"image/encoded": tf.io.FixedLenFeature([], tf.string)}


def score_predictors(predictors: dict, manifest, split: str, limit: int = 0) -> dict:
    """Scores predictors on the same images of a split.

    Args:
      predictors: by name; see `predictor.Predictor`.
      manifest: of the data set; its classes are matched by name.
      split: its name.
      limit: at most so many images, the first; 0 takes all.

    Returns:
      by name, the metrics of `coco_metrics` and the COCO results they were computed from.

    Raises:
      UserError: the data set's classes are not the predictors', or it has no such split.
    """
    class_ids = {
        name: matched_classes(predictor.categories, manifest).class_ids
        for name, predictor in predictors.items()
    }
    annotations = read_annotations(manifest, split)
    annotations = annotations[: limit or len(annotations)]
    results = {name: [] for name in predictors}
    records = read_shards(manifest.split(split).shard_paths).take(len(annotations))
    for record, annotation in zip(records, annotations):
        encoded = tf.io.parse_single_example(record, _ENCODED)["image/encoded"]
        image = tf.io.decode_image(encoded, 3, expand_animations=False).numpy()
        for name, predictor in predictors.items():
            batch = Detections(*(value[None] for value in predictor.predict(image)))
            results[name] += coco_results(batch, [annotation.image_id], [True], class_ids[name])
    truth = coco_ground_truth(annotations, manifest.categories)
    return {name: (coco_metrics(truth, rows), rows) for name, rows in results.items()}


def score_export(path: str, manifest, split: str, output_dir: str = "") -> dict:
    """Scores a detector of any form on a split and prints the metrics.

    Args:
      path: see `load_predictor`.
      manifest: of the data set.
      split: its name.
      output_dir: folder that gets metrics.json and detections.json; '' writes nothing.

    Raises:
      UserError: see `load_predictor` and `score_predictors`.
    """
    predictor = load_predictor(path)
    scored = score_predictors({path: predictor}, manifest, split)
    tell_other_ids(predictor.categories, manifest)
    metrics, results = scored[path]
    metrics = {"split": split, **metrics}
    print(metrics_table(metrics))
    print(f"{count_of(metrics['num_images'], 'image')} of '{split}' through {path}", flush=True)
    if output_dir:
        write_results(output_dir, metrics, results)
        print(f"metrics.json and detections.json are in {os.path.normpath(output_dir)}", flush=True)
    return metrics
