"""Forward pass and decoder of each backbone at one size, graph mode, side by side.

python -m benchmarks.inference --json=inference.json
"""

import tensorflow as tf
from absl import flags

from benchmarks import networks, report
from centernet_tf import cli
from centernet_tf.detectors.stacks import inference_network
from centernet_tf.ops.weighted_rows import sparse_products

_JSON = flags.DEFINE_string("json", None, "File to write the results to.")
_BACKBONES = flags.DEFINE_list(
    "backbones",
    [
        "mmdet_resnet18",
        "mmdet_resnet18_dcn",
        "res_18",
        "resdcn_18",
        "res_50",
        "resdcn_101",
        "dlav0_34",
        "dla_34",
        "hourglass_52",
        "hourglass_104",
        "mobilenetv2",
        "mobilenetv3_small",
        "mobilenetv3_large",
    ],
    "Backbones; the ratios are to the first, and of dla_34 to dlav0_34.",
)
_SIZE = flags.DEFINE_integer("size", 512, "Side of the square input in pixels.")
_BATCH = flags.DEFINE_integer("batch", 1, "Batch size.")
_REPEATS = flags.DEFINE_integer("repeats", 20, "Timed calls of each.")


def _graph(detector, network, batch):
    network = inference_network(network)

    @tf.function
    def detect(images):
        with sparse_products():
            return detector.decode(network(images, training=False))

    # Traced here, or TensorFlow would warn of one function traced for network after network.
    function = detect.get_concrete_function(batch)
    return lambda: function(batch).scores.numpy()


def main(_):
    size = (_SIZE.value, _SIZE.value)
    batch = networks.images(_BATCH.value, size)
    rows = report.measure(
        {name: _graph(*networks.build(name, size), batch) for name in _BACKBONES.value},
        _REPEATS.value,
    )
    first = _BACKBONES.value[0]
    ratios = {
        f"{name}/{first}": report.ratio(rows[name], rows[first]) for name in rows if name != first
    }
    if {"dla_34", "dlav0_34"} <= set(rows):
        ratios["dla_34/dlav0_34"] = report.ratio(rows["dla_34"], rows["dlav0_34"])
    report.print_table(list(rows.values()), ratios, _BATCH.value)
    if _JSON.value:
        report.write_json(_JSON.value, list(rows.values()), ratios)


if __name__ == "__main__":
    cli.run(main)
