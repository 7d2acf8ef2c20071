"""Scoring detections that are in a file already, without a network."""

import os

from centernet_tf.count_of import count_of
from centernet_tf.data.input_pipeline import read_annotations
from centernet_tf.evaluation.coco_files import read_detections, read_ground_truth
from centernet_tf.evaluation.coco_metrics import coco_scores
from centernet_tf.evaluation.evaluate import Evaluation
from centernet_tf.evaluation.ground_truth import coco_ground_truth
from centernet_tf.evaluation.metrics_table import metrics_table
from centernet_tf.evaluation.result_files import write_results
from centernet_tf.evaluation.write_report import write_report


def score_files(
    detections_path: str,
    annotations_path: str = "",
    manifest=None,
    split: str = "",
    backend: str = "pycocotools",
    output_dir: str = "",
) -> Evaluation:
    """Scores a file of COCO results and prints the metrics.

    Args:
      detections_path: of the results.
      annotations_path: COCO JSON to score against; '' takes the objects of the records.
      manifest: of the records; needed without an annotation file.
      split: of the records; needed with a manifest.
      backend: `evaluation.coco_backend`.
      output_dir: folder that gets metrics.json, report.html (with pictures where there are records)
        and a copy of the results; '' writes nothing.

    Raises:
      UserError: a file is not of its form, the two do not belong together, or the records have no
        such split; then nothing is written.
    """
    if manifest:
        manifest.split(split)
    detections = read_detections(detections_path)
    if annotations_path:
        truth, source = read_ground_truth(annotations_path), annotations_path
    else:
        truth = coco_ground_truth(read_annotations(manifest, split), manifest.categories)
        source = f"'{split}' of {manifest.data_dir}"
    scores = coco_scores(truth, detections, backend)
    result = Evaluation(scores.metrics, detections, truth, scores.precision)
    print(metrics_table(scores.metrics))
    print(
        f"{count_of(len(detections), 'detection')} of {detections_path} against "
        f"{count_of(scores.metrics['num_images'], 'image')} of {source}",
        flush=True,
    )
    if output_dir:
        write_results(output_dir, scores.metrics, detections)
        title = (
            f"{os.path.basename(detections_path)} on {os.path.basename(annotations_path) or split}"
        )
        about = f"{count_of(len(detections), 'detection')} of {detections_path} against {source}."
        write_report(output_dir, result, title, about, (manifest, split) if manifest else None)
        print(
            f"metrics.json, report.html and detections.json are in {os.path.normpath(output_dir)}"
        )
    return result
