"""Our training step against the bare forward, gradient and apply of the same network.

python -m benchmarks.train_step --json=train_step.json
"""

import tensorflow as tf
from absl import flags

from benchmarks import networks, report
from centernet_tf import cli
from centernet_tf.ops.weighted_rows import sparse_products
from centernet_tf.training.optimizers import make_optimizer, make_schedule
from centernet_tf.training.runtime import make_strategy
from centernet_tf.training.trainer import Trainer

_JSON = flags.DEFINE_string("json", None, "File to write the results to.")
_BACKBONES = flags.DEFINE_list("backbones", ["mmdet_resnet18", "mmdet_resnet18_dcn"], "Backbones.")
_SHAPES = flags.DEFINE_list("shapes", ["4x256", "2x512"], "Batch size x side in pixels.")
_REPEATS = flags.DEFINE_integer("repeats", 10, "Timed steps of each.")


def _bare(backbone, size, batch):
    """The least that a step has to do, in one graph."""
    detector, network = networks.build(backbone, size)
    optimizer = _optimizer(detector)
    variables = network.trainable_variables
    optimizer.build(variables)
    data = networks.images(batch, size), networks.targets(detector, batch)

    @tf.function
    def step(images, targets):
        with sparse_products(), tf.GradientTape() as tape:
            loss = detector.loss(network(images, training=True), targets)["loss"]
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return loss

    return lambda: step(*data).numpy()


def _trainer(backbone, size, batch):
    """A step as `fit` takes it, under the default strategy."""
    config = networks.build(backbone, size)[0].config
    strategy = make_strategy(config.runtime)
    with strategy.scope():
        detector, network = networks.build(backbone, size)
        trainer = Trainer(detector, network, config.train.optimizer, use_xla=False)
        trainer.compile(optimizer=_optimizer(detector))
    data = networks.images(batch, size), networks.targets(detector, batch)
    data_set = tf.data.Dataset.from_tensors(data).repeat()
    iterator = iter(strategy.experimental_distribute_dataset(data_set))
    step = trainer.make_train_function()
    return lambda: step(iterator)["loss"].numpy()


def _optimizer(detector):
    settings = detector.config.train.optimizer
    return make_optimizer(settings, make_schedule(settings, 1000, 1))


def main(_):
    rows, ratios = [], {}
    for shape in _SHAPES.value:
        batch, side = (int(part) for part in shape.split("x"))
        for backbone in _BACKBONES.value:
            name = f"{backbone}.{shape}"
            found = report.measure(
                {
                    f"bare.{name}": _bare(backbone, (side, side), batch),
                    f"trainer.{name}": _trainer(backbone, (side, side), batch),
                },
                _REPEATS.value,
            )
            rows += found.values()
            ratios[f"trainer/bare.{name}"] = report.ratio(
                found[f"trainer.{name}"], found[f"bare.{name}"]
            )
    report.print_table(rows, ratios)
    if _JSON.value:
        report.write_json(_JSON.value, rows, ratios)


if __name__ == "__main__":
    cli.run(main)
