"""The COCO metrics of any predictor: a trained network or an export, image by image."""

import tensorflow as tf

from centernet_tf.data.record_annotations import read_annotations
from centernet_tf.data.record_parser import parse_record
from centernet_tf.data.record_stream import read_shards
from centernet_tf.evaluation.coco_metrics import coco_metrics
from centernet_tf.evaluation.detect import coco_results
from centernet_tf.evaluation.evaluate import check_categories
from centernet_tf.evaluation.ground_truth import coco_ground_truth
from centernet_tf.ops.detections import Detections


def score_predictor(predictor, manifest, split: str, limit: int = 0):
    """Scores a predictor on a split.

    Args:
      predictor: see `predictor.Predictor`.
      manifest: of the data set.
      split: its name.
      limit: at most so many images, the first; 0 takes all.

    Returns:
      the metrics of `coco_metrics`, and the COCO results they were computed from.

    Raises:
      UserError: the data set's classes are not the predictor's, or it has no such split.
    """
    check_categories(predictor.categories, manifest)
    annotations, class_ids = read_annotations(manifest, split), list(manifest.class_ids)
    count = min(limit, len(annotations)) if limit else len(annotations)
    results = []
    for serialized in read_shards(manifest.split(split).shard_paths).take(count):
        sample = parse_record(serialized, class_ids)
        image = tf.io.decode_image(sample.image.encoded, 3, expand_animations=False).numpy()
        batch = Detections(*(value[None] for value in predictor.predict(image)))
        results += coco_results(batch, [sample.image_id], [True], class_ids)
    truth = coco_ground_truth(annotations[:count], manifest.categories)
    return coco_metrics(truth, results), results
