"""Peak memory of the training input over many steps, in megabytes above the process at rest.

512x512 input, 80 classes, `original` recipe, batch 16; 640x480 JPEGs (`natural_records`). The
batches are thrown away. Ten rows over the run show whether memory grows.
"""

import gc
import resource
import tempfile

from absl import flags

from benchmarks import natural_records, report
from centernet_tf import cli
from centernet_tf.config import load_config
from centernet_tf.data.input_pipeline import train_dataset
from centernet_tf.detectors import make_detector

_JSON = flags.DEFINE_string("json", None, "File to write the results to.")
_STEPS = flags.DEFINE_integer("steps", 2000, "Batches to make.", lower_bound=10)
_BATCH = flags.DEFINE_integer("batch", 16, "Batch size.")


def _megabytes():
    with open("/proc/self/statm", encoding="ascii") as stream:
        return int(stream.read().split()[1]) * resource.getpagesize() / 1e6


def _batches(manifest, batch, steps):
    examples = manifest.split("train").num_examples
    passes = -(-steps * batch // examples)
    config = load_config(
        [],
        [
            f"train.global_batch_size={batch},train.epochs=1",
            f"train.repeats_per_epoch={passes}",
        ],
    )
    return train_dataset(config, manifest, make_detector(config, 80).encode)


def main(_):
    steps = _STEPS.value
    with tempfile.TemporaryDirectory() as folder:
        # Twice as many records as data.shuffle_buffer holds, so that it is full.
        manifest = natural_records.make_data_set(folder, copies=64)
        batches = _batches(manifest, _BATCH.value, steps)
        gc.collect()
        rest, seen = _megabytes(), [[] for _ in range(10)]
        for step, _ in enumerate(batches.take(steps)):
            seen[step * 10 // steps].append(_megabytes() - rest)
    rows = [report.row(f"tenth {i + 1}", "MB", values) for i, values in enumerate(seen) if values]
    ratios = {"last/second": report.ratio(rows[-1], rows[1])}
    report.print_table(rows, ratios, batch=_BATCH.value)
    if _JSON.value:
        report.write_json(_JSON.value, rows, ratios)


if __name__ == "__main__":
    cli.run(main, required=())
