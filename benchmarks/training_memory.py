"""Peak memory of a training step with deformable convolutions beside plain ones in their place.

Each network trains in a process of its own; megabytes are the process's peak over some steps, less
what it holds before the first one: activations, gradients and optimizer slots, not TensorFlow, the
weights and the traced graph.

python -m benchmarks.training_memory --json=training_memory.json
"""

import gc
import resource
import subprocess
import sys

import keras
import tensorflow as tf
from absl import flags

from benchmarks import networks, report
from centernet_tf import cli
from centernet_tf.layers.deformable_conv2d import DeformableConv2D
from centernet_tf.ops.weighted_rows import sparse_products

_JSON = flags.DEFINE_string("json", None, "File to write the results to.")
_BACKBONES = flags.DEFINE_list("backbones", ["resdcn_18", "dla_34"], "Deformable backbones.")
_SIZE = flags.DEFINE_integer("size", 512, "Side of the square input in pixels.")
_BATCH = flags.DEFINE_integer("batch", 4, "Batch size.")
_STEPS = flags.DEFINE_integer("steps", 5, "Steps whose peak counts.", lower_bound=1)
_RUNS = flags.DEFINE_integer("runs", 3, "Processes for each network.", lower_bound=1)
_ONLY = flags.DEFINE_string("only", "", "Print the megabytes of BACKBONE or BACKBONE.plain alone.")


def _plain(network):
    """The same network with a plain convolution in place of each deformable one."""

    def clone(layer):
        if not isinstance(layer, DeformableConv2D):
            return layer.__class__.from_config(layer.get_config())
        return keras.layers.Conv2D(
            layer.filters,
            layer.kernel_size,
            layer.strides,
            padding="same",
            use_bias=layer.use_bias,
            name=layer.name,
        )

    return keras.models.clone_model(network, clone_function=clone)


def _megabytes_of_steps(name, plain):
    size = (_SIZE.value, _SIZE.value)
    detector, network = networks.build(name, size)
    network = _plain(network) if plain else network
    optimizer = keras.optimizers.Adam(1e-4)
    data = networks.images(_BATCH.value, size), networks.targets(detector, _BATCH.value)

    @tf.function
    def step(images, targets):
        with sparse_products(), tf.GradientTape() as tape:
            loss = detector.loss(network(images, training=True), targets)["loss"]
        variables = network.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return loss

    traced = step.get_concrete_function(*data)
    gc.collect()
    rest = _resident_megabytes()
    for _ in range(_STEPS.value):
        traced(*data).numpy()
    return _peak_megabytes() - rest


def _resident_megabytes():
    with open("/proc/self/statm", encoding="ascii") as stream:
        return int(stream.read().split()[1]) * resource.getpagesize() / 1e6


def _peak_megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def _in_own_process(name):
    settings = [f"--{flag}={flags.FLAGS[flag].value}" for flag in ("size", "batch", "steps")]
    command = [sys.executable, "-m", "benchmarks.training_memory", f"--only={name}", *settings]
    result = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return float(result.stdout.split()[-1])


def main(_):
    if _ONLY.value:
        name, _, kind = _ONLY.value.partition(".")
        print(_megabytes_of_steps(name, kind == "plain"))
        return
    rows, ratios = [], {}
    for name in _BACKBONES.value:
        found = {}
        for kind in (name, f"{name}.plain"):
            values = [_in_own_process(kind) for _ in range(_RUNS.value)]
            found[kind] = report.row(kind, "MB", values)
        rows += found.values()
        ratios[f"{name}/plain"] = report.ratio(found[name], found[f"{name}.plain"])
    report.print_table(rows, ratios, _BATCH.value)
    if _JSON.value:
        report.write_json(_JSON.value, rows, ratios)


if __name__ == "__main__":
    cli.run(main, required=())
