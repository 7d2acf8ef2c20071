"""Scores an untrained network on some logical CPU devices; run by test_device_copies.py.

Arguments: number of devices, output file, folder of the records, which are made if missing.
"""

import json
import os
import sys

from centernet_tf.quiet import silence_dependencies

silence_dependencies()

from centernet_tf.config import load_config  # noqa: E402
from centernet_tf.data.convert import ConvertOptions, convert  # noqa: E402
from centernet_tf.data.manifest import load_manifest  # noqa: E402
from centernet_tf.data.sources import shapes_splits  # noqa: E402
from centernet_tf.detectors import make_detector  # noqa: E402
from centernet_tf.evaluation.device_copies import evaluation_devices  # noqa: E402
from centernet_tf.evaluation.evaluate import evaluate_network  # noqa: E402
from centernet_tf.training.runtime import make_strategy, set_seed  # noqa: E402


def main(devices, output, records):
    config = load_config(
        [],
        [
            f"runtime.cpu_replicas={devices},data.input_size=[64,64],evaluation.batch_size=2",
            "model.backbone.width_multiplier=0.125,model.options.head_channels=8",
        ],
    )
    strategy = make_strategy(config.runtime)
    if not os.path.exists(records):
        convert(shapes_splits(records, 1, 7, (64, 64), 3), records, ConvertOptions(source={}))
    manifest = load_manifest(records)
    set_seed(config.runtime)
    detector = make_detector(config, manifest.num_classes)
    with strategy.scope():
        network = detector.build()
    result = evaluate_network(network, detector, config, manifest)
    document = {
        "devices": len(evaluation_devices(config.runtime)),
        "metrics": result.metrics,
        "detections": result.detections,
    }
    with open(output, "w", encoding="utf-8") as stream:
        json.dump(document, stream)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
