"""Peak memory of the training input over many steps, in megabytes above the process at rest.

512x512 input, 80 classes, `original` recipe, batch 16; 640x480 JPEGs (`natural_records`). The
batches are thrown away, and freed memory is given back when the trainer would do it. Ten rows over
the run show whether memory grows.
"""

import gc
import itertools
import resource
import tempfile

from absl import flags

from benchmarks import natural_records, report
from centernet_tf import cli
from centernet_tf.config import load_config
from centernet_tf.data.input_pipeline import steps_per_epoch, train_dataset
from centernet_tf.detectors import make_detector
from centernet_tf.training.freed_memory import GiveBackFreedMemory

_JSON = flags.DEFINE_string("json", None, "File to write the results to.")
_STEPS = flags.DEFINE_integer("steps", 2000, "Batches to make.", lower_bound=10)
_BATCH = flags.DEFINE_integer("batch", 16, "Batch size.")


def _megabytes():
    with open("/proc/self/statm", encoding="ascii") as stream:
        return int(stream.read().split()[1]) * resource.getpagesize() / 1e6


def _epochs(config, manifest, steps):
    """Yields, for each epoch, its batches until there were so many steps."""
    encode = make_detector(config, 80).encode
    batches = iter(train_dataset(config, manifest, encode).take(steps))
    length = steps_per_epoch(config, manifest)
    for _ in range(-(-steps // length)):
        yield itertools.islice(batches, length)


def main(_):
    steps = _STEPS.value
    with tempfile.TemporaryDirectory() as folder:
        # Twice as many records as data.shuffle_buffer holds, so that it is full.
        manifest = natural_records.make_data_set(folder, copies=64)
        epochs = -(-steps * _BATCH.value // manifest.split("train").num_examples)
        sizes = [f"train.global_batch_size={_BATCH.value},train.epochs={epochs}"]
        give_back = GiveBackFreedMemory()
        gc.collect()
        rest, seen = _megabytes(), []
        for epoch, batches in enumerate(_epochs(load_config([], sizes), manifest, steps)):
            for step, _ in enumerate(batches):
                seen.append(_megabytes() - rest)
                give_back.on_train_batch_end(step)
            give_back.on_epoch_end(epoch)
    tenths = [seen[i * steps // 10 : (i + 1) * steps // 10] for i in range(10)]
    rows = [report.row(f"tenth {i + 1}", "MB", values) for i, values in enumerate(tenths)]
    ratios = {"last/second": report.ratio(rows[-1], rows[1])}
    report.print_table(rows, ratios, batch=_BATCH.value)
    if _JSON.value:
        report.write_json(_JSON.value, rows, ratios)


if __name__ == "__main__":
    cli.run(main, required=())
