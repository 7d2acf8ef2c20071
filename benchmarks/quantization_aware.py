r"""int8 after training against quantisation-aware training, by AP on the evaluation split.

    python -m benchmarks.quantization_aware --model_dir=runs/bccd --json=quantization_aware.json

The trained network goes on for some epochs at a tenth of its rate with the rounding of int8
simulated (TensorFlow Model Optimization), in all layers but the first convolution and the end of
each head, which stay float32 in our exports as well. This is for networks of Keras's own layers
alone, such as ResNets without deformable convolutions. `aware.tflite` is its file, `after.tflite`
our export of the network as it was.
"""

import dataclasses
import json
import os
import tempfile

import keras
import tensorflow as tf
from absl import flags

from benchmarks import report
from centernet_tf import cli

_MODEL_DIR = flags.DEFINE_string("model_dir", None, "Folder of a trained detector.")
_JSON = flags.DEFINE_string("json", None, "File to write the results to.")
_EPOCHS = flags.DEFINE_integer("epochs", 5, "Epochs with simulated rounding.", lower_bound=1)
_RATE = flags.DEFINE_float("rate", 0.1, "Learning rate as a part of the experiment's.")
# How slowly the package's ranges follow what they see.
_EMA_DECAY = 0.999
_RANGE_BATCHES = 40


def _config(trained):
    """The experiment of the further epochs."""
    from centernet_tf.config import load_config

    optimizer = trained.config.train.optimizer
    overrides = {
        "epochs": _EPOCHS.value,
        "optimizer": {"learning_rate": _RATE.value * optimizer.learning_rate, "warmup_steps": 0},
    }
    path = os.path.join(trained.model_dir, "params.yaml")
    return load_config([path], [json.dumps({"train": overrides})])


def _aware(network):
    """The network with the rounding of int8 simulated."""
    # The package asks TensorFlow for tf_keras, whose layers would replace Keras's own; a version
    # that was looked up before stays what it was.
    for version in (tf.keras, tf.compat.v1.keras, tf.compat.v2.keras):  # noqa: TID251
        version.layers.Layer  # noqa: B018
    # The package itself would import its other methods, too.
    from tensorflow_model_optimization.python.core.quantization.keras import quantize

    convolutions = [layer.name for layer in network.layers if type(layer) is keras.layers.Conv2D]
    exact = {convolutions[0], *network.output_names}
    exact.update(name for name in convolutions if name.endswith("_final"))
    exact.update(
        layer.name
        for layer in network.layers
        if isinstance(layer, keras.layers.BatchNormalization)
        and layer.inbound_nodes[0].inbound_layers.name in exact
    )

    def annotate(layer):
        if layer.name in exact or isinstance(layer, keras.layers.InputLayer):
            return layer
        return quantize.quantize_annotate_layer(layer)

    annotated = keras.models.clone_model(network, clone_function=annotate)
    annotated.set_weights(network.get_weights())
    return quantize.quantize_apply(annotated)


def _start_ranges(network, batches):
    """Takes the ranges of the layers' results from some batches.

    They start at -6 to 6 and take a thousandth of what they see a step, which is far too slow for
    some epochs; undoing that average tells what a batch has shown.
    """
    ends = ("output_min:0", "output_max:0")
    ranges = [each for each in network.weights if each.name.endswith(ends)]
    others = [each for each in network.weights if not each.name.endswith(ends)]
    kept = [each.numpy() for each in others]
    # Each batch goes one layer further with ranges that fit.
    for images, _ in batches.take(_RANGE_BATCHES):
        before = [each.numpy() for each in ranges]
        network(images, training=True)
        for each, start in zip(ranges, before, strict=True):
            each.assign(start + (each.numpy() - start) / (1.0 - _EMA_DECAY))
    for each, values in zip(others, kept, strict=True):
        each.assign(values)


def _trained_aware(trained):
    """`trained` with a network that went on so."""
    from centernet_tf.data.input_pipeline import steps_per_epoch, train_dataset
    from centernet_tf.data.manifest import load_manifest
    from centernet_tf.training.optimizers import make_optimizer, make_schedule
    from centernet_tf.training.trainer import Trainer

    config, network = _config(trained), _aware(trained.network)
    manifest, settings = load_manifest(config.data.path), config.train.optimizer
    steps = steps_per_epoch(config, manifest)
    trainer = Trainer(trained.detector, network, settings, use_xla=False)
    schedule = make_schedule(settings, steps, config.train.epochs)
    trainer.compile(optimizer=make_optimizer(settings, schedule))
    batches = train_dataset(config, manifest, trained.detector.encode)
    _start_ranges(network, batches)
    trainer.fit(batches, epochs=config.train.epochs, steps_per_epoch=steps, verbose=2)
    return dataclasses.replace(trained, network=network)


def _measured(trained, folder, name, variant):
    """Exports a file; returns its Rows, and the AP50 of network and file."""
    from centernet_tf.export import companion_files
    from centernet_tf.export.options import DEFAULT_OPTIONS
    from centernet_tf.export.tflite import export_tflite
    from centernet_tf.export.tflite_options import TFLiteOptions

    path = os.path.join(folder, f"{name}.tflite")
    export_tflite(trained, path, DEFAULT_OPTIONS, TFLiteOptions(variant, max_ap_drop=1.0))
    with open(os.path.join(folder, name + companion_files.REPORT), encoding="utf-8") as stream:
        found = json.load(stream)
    rows = [report.row(f"{name} size", "MB", [found["size_bytes"] / 1e6])]
    for source, metrics in found["scores"].items():
        if source in ("keras", "tflite"):
            rows += [
                report.row(f"{name} {source} {metric}", "", [100 * metrics[metric]])
                for metric in ("AP", "AP50")
            ]
    return rows


def main(_):
    from centernet_tf.training.model_dir import load_trained

    trained = load_trained(_MODEL_DIR.value)
    with tempfile.TemporaryDirectory() as folder:
        rows = _measured(trained, folder, "float32", "float32")
        rows += _measured(trained, folder, "after", "int8")
        # The ranges are in the network; what has none keeps float32 results.
        rows += _measured(_trained_aware(trained), folder, "aware", "dynamic_int8")
    found = {row.name: row for row in rows}
    ratios = {
        f"{name}/float32 AP50": report.ratio(
            found[f"{name} tflite AP50"], found["float32 tflite AP50"]
        )
        for name in ("after", "aware")
    }
    report.print_table(rows, ratios)
    if _JSON.value:
        report.write_json(_JSON.value, rows, ratios)


if __name__ == "__main__":
    cli.run(main, required=["model_dir"], existing=["model_dir"])
