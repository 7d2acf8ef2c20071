"""The decoder against the forward pass it follows, graph mode.

python -m benchmarks.decoder --json=decoder.json
"""

import tensorflow as tf
from absl import flags

from benchmarks import networks, report
from centernet_tf import cli

_JSON = flags.DEFINE_string("json", None, "File to write the results to.")
_BACKBONE = flags.DEFINE_string("backbone", "mmdet_resnet18", "Backbone of the forward pass.")
_SIZE = flags.DEFINE_integer("size", 512, "Side of the square input in pixels.")
_BATCH = flags.DEFINE_integer("batch", 1, "Batch size.")
_REPEATS = flags.DEFINE_integer("repeats", 30, "Timed calls of each.")


def main(_):
    size = (_SIZE.value, _SIZE.value)
    detector, network = networks.build(_BACKBONE.value, size)
    batch = networks.images(_BATCH.value, size)
    forward = tf.function(lambda images: network(images, training=False))
    maps = forward(batch)
    # An untrained network's maps are nearly flat; noise has as many peaks as a map can have.
    maps = {**maps, "heatmap": tf.random.stateless_normal(maps["heatmap"].shape, (1, 1))}
    decode = tf.function(detector.decode)
    rows = report.measure(
        {
            "forward": lambda: forward(batch)["heatmap"].numpy(),
            "decoder": lambda: decode(maps).scores.numpy(),
        },
        _REPEATS.value,
    )
    ratios = {"decoder/forward": report.ratio(rows["decoder"], rows["forward"])}
    report.print_table(list(rows.values()), ratios, _BATCH.value)
    if _JSON.value:
        report.write_json(_JSON.value, list(rows.values()), ratios)


if __name__ == "__main__":
    cli.run(main)
