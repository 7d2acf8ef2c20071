"""Making the targets of one image at 512x512 with 80 classes, on one core, in milliseconds.

`pipeline` draws the heat-map as the input pipeline does, a batch of 16 at a time, by the image;
`lists` leaves it to the device; `official` is the Model Garden's own `assign_centernet_targets`.
"""

import tensorflow as tf
from absl import flags
from official.projects.centernet.ops.target_assigner import assign_centernet_targets

from benchmarks import report
from centernet_tf import cli
from centernet_tf.config import load_config
from centernet_tf.detectors import make_detector

_JSON = flags.DEFINE_string("json", None, "File to write the results to.")
_REPEATS = flags.DEFINE_integer("repeats", 30, "Timed calls of each.")

_BATCH, _CLASSES, _SIDE = 16, 80, 512


def _objects(count, images):
    """Boxes of mixed size in input pixels, with classes and masks, padded to 128."""
    corner = tf.random.stateless_uniform([images, 128, 2], (1, count)) * (0.7 * _SIDE)
    extent = 10.0 ** tf.random.stateless_uniform([images, 128, 2], (2, count), 0.7, 2.4)
    boxes_px = tf.concat([corner, tf.minimum(corner + extent, _SIDE - 1.0)], axis=-1)
    classes = tf.random.stateless_uniform([images, 128], (3, count), 0, _CLASSES, tf.int32)
    mask = tf.broadcast_to(tf.range(128) < count, [images, 128])
    return boxes_px, classes, mask


def _encode(heatmap_on, count):
    config = load_config([], [f"model.options.heatmap_on={heatmap_on}"])
    encode = tf.function(make_detector(config, _CLASSES).encode)
    objects = _objects(count, _BATCH)
    return lambda: encode(*objects)


def _official(count):
    boxes_px, classes, mask = (values[0] for values in _objects(count, 1))
    boxes_px = tf.where(mask[:, tf.newaxis], boxes_px, -1.0)
    labels = {
        "boxes": boxes_px,
        "classes": tf.where(mask, classes + 1, -1),
        "groundtruths": {"num_detections": tf.constant(count)},
    }

    @tf.function
    def assign():
        return assign_centernet_targets(
            labels=labels,
            output_size=[_SIDE // 4, _SIDE // 4],
            input_size=[_SIDE, _SIDE],
            num_classes=_CLASSES,
            max_num_instances=128,
            gaussian_iou=0.7,
            class_offset=1,
        )

    return assign


def main(_):
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    rows, ratios = [], {}
    for count in (7, 30, 100):
        batched = {
            f"pipeline.{count}": _encode("host", count),
            f"lists.{count}": _encode("device", count),
        }
        measured = report.measure(batched, _REPEATS.value)
        measured = {name: report.scaled(row, 1.0 / _BATCH) for name, row in measured.items()}
        name = f"official.{count}"
        measured.update(report.measure({name: _official(count)}, _REPEATS.value))
        ratios[f"official/pipeline.{count}"] = report.ratio(
            measured[name], measured[f"pipeline.{count}"]
        )
        rows += measured.values()
    report.print_table(rows, ratios, batch=_BATCH)
    if _JSON.value:
        report.write_json(_JSON.value, rows, ratios)


if __name__ == "__main__":
    cli.run(main, required=())
