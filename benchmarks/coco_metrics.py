"""COCO's numbers by pycocotools and by faster-coco-eval, on drawn-up detections.

python -m benchmarks.coco_metrics --json=coco_metrics.json
python -m benchmarks.coco_metrics --coco_sized --repeats=3

Both are timed as the evaluation calls them, with the objects and detections in memory. The largest
difference between their numbers is reported, too.
"""

import numpy as np
from absl import flags

from benchmarks import report
from centernet_tf import cli
from centernet_tf.evaluation.coco_backend import BACKENDS
from centernet_tf.evaluation.coco_metrics import METRIC_NAMES, coco_metrics

_JSON = flags.DEFINE_string("json", None, "File to write the results to.")
_IMAGES = flags.DEFINE_integer("images", 500, "Number of images.")
_CLASSES = flags.DEFINE_integer("classes", 80, "Number of classes.")
_COCO_SIZED = flags.DEFINE_bool("coco_sized", False, "As many images as val2017 has: 5,000.")
_REPEATS = flags.DEFINE_integer("repeats", 5, "Timed calls of each.")

# Of val2017: 36,781 objects in 5,000 images, one in a hundred a crowd. A point detector gives 100
# detections an image.
_OBJECTS, _DETECTIONS, _CROWDS = 7.4, 100, 0.01


def main(_):
    truth, detections = data_set(5000 if _COCO_SIZED.value else _IMAGES.value, _CLASSES.value)
    metrics = {}

    def score(backend):
        metrics[backend] = coco_metrics(truth, detections, backend)

    rows = report.measure(
        {name: lambda name=name: score(name) for name in BACKENDS}, _REPEATS.value, warm_up=1
    )
    ratios = {"faster/pycocotools": report.ratio(rows["faster"], rows["pycocotools"])}
    report.print_table(list(rows.values()), ratios)
    one, other = ([metrics[name][metric] for metric in METRIC_NAMES] for name in BACKENDS)
    difference = float(np.max(np.abs(np.subtract(one, other))))
    print(
        f"{len(truth['images']):,} images, {len(truth['annotations']):,} objects, "
        f"{len(detections):,} detections, AP {metrics['faster']['AP']:.3f}; the twelve numbers "
        f"differ by at most {difference:.1e}"
    )
    if _JSON.value:
        report.write_json(_JSON.value, list(rows.values()), ratios)


def data_set(num_images, num_classes):
    """Returns ground truth, and detections of which the best lie near its objects."""
    rng = np.random.default_rng(0)
    annotations, detections = [], []
    for image_id in range(1, num_images + 1):
        count = rng.poisson(_OBJECTS)
        boxes = _boxes(rng, count)
        classes = rng.integers(0, num_classes, count)
        for box, index in zip(boxes, classes):
            annotations.append(
                {
                    "image_id": image_id,
                    "category_id": int(index) + 1,
                    "bbox": box.tolist(),
                    "area": float(0.6 * box[2] * box[3]),
                    "iscrowd": int(rng.random() < _CROWDS),
                }
            )
        near = boxes + rng.normal(0, 0.08, boxes.shape) * np.tile(boxes[:, 2:], 2)
        others = _DETECTIONS - count
        found = np.concatenate([near, _boxes(rng, others)])[:_DETECTIONS]
        labels = np.concatenate([classes, rng.integers(0, num_classes, max(others, 0))])
        scores = np.concatenate([rng.beta(3, 2, count), rng.beta(1, 8, max(others, 0))])
        detections += [
            {
                "image_id": image_id,
                "category_id": int(label) + 1,
                "bbox": box.tolist(),
                "score": float(score),
            }
            for box, label, score in zip(found, labels, scores)
        ]
    truth = {
        "images": [{"id": image_id} for image_id in range(1, num_images + 1)],
        "annotations": annotations,
        "categories": [{"id": index + 1, "name": str(index)} for index in range(num_classes)],
    }
    return truth, detections


def _boxes(rng, count):
    """Returns xywh boxes in 640x480 whose sides are spread as evenly over octaves as COCO's."""
    sides = np.exp(rng.uniform(np.log(8), np.log(300), [max(count, 0), 2]))
    corners = rng.uniform(0, 1, sides.shape) * (np.array([640, 480]) - sides)
    return np.concatenate([corners, sides], axis=-1)


if __name__ == "__main__":
    cli.run(main)
