"""Trains a few steps on some logical CPU replicas and saves what came out; run by test_replicas.py.

Arguments: number of replicas, xla on|off, batch norm frozen|trained, output file, more settings.
"""

import sys

from centernet_tf.quiet import silence_dependencies

silence_dependencies()

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from centernet_tf.config import load_config  # noqa: E402
from centernet_tf.detectors import make_detector  # noqa: E402
from centernet_tf.training.optimizers import make_schedule  # noqa: E402
from centernet_tf.training.runtime import make_strategy, set_seed  # noqa: E402
from centernet_tf.training.trainer_setup import make_trainer  # noqa: E402

GLOBAL_BATCH, STEPS = 4, 3


def batches(detector):
    """Images of noise with one to three boxes, unlike numbers in the halves of a batch."""
    rng = np.random.default_rng(5)
    images = rng.normal(size=[GLOBAL_BATCH * STEPS, 64, 64, 3]).astype(np.float32)
    corners = rng.uniform(0, 30, [GLOBAL_BATCH * STEPS, 3, 2])
    boxes = np.concatenate([corners, corners + rng.uniform(8, 30, corners.shape)], -1)
    classes = rng.integers(0, 2, [GLOBAL_BATCH * STEPS, 3]).astype(np.int32)
    mask = np.arange(3) < rng.integers(1, 4, [GLOBAL_BATCH * STEPS, 1])
    data = tf.data.Dataset.from_tensor_slices((images, boxes.astype(np.float32), classes, mask))
    data = data.map(lambda image, *objects: (image, detector.encode(*objects)))
    return data.batch(GLOBAL_BATCH, drop_remainder=True)


def main(replicas, xla, norm, output, *overrides):
    config = load_config(
        [],
        [
            "data: {input_size: [64, 64]}",
            f"runtime: {{cpu_replicas: {replicas}, xla: '{xla}'}}",
            "model: {backbone: {name: resdcn_18, width_multiplier: 0.1}}",
            f"train: {{global_batch_size: {GLOBAL_BATCH}, epochs: 1, optimizer: {{name: sgd, "
            "learning_rate: 0.01, weight_decay: 0.0001, clip_norm: 35.0, drop_epochs: []}}",
            f"train: {{freeze_batch_norm: {str(norm == 'frozen').lower()}}}",
            *overrides,
        ],
    )
    strategy = make_strategy(config.runtime)
    set_seed(config.runtime)
    with strategy.scope():
        detector = make_detector(config, 2)
        schedule = make_schedule(config.train.optimizer, STEPS, 1)
        trainer = make_trainer(config, detector, schedule)
    losses = trainer.fit(batches(detector), epochs=1, verbose=0).history["loss"]
    network = trainer.network
    copies = [strategy.experimental_local_results(value) for value in network.trainable_variables]
    spread = max(
        float(tf.reduce_max(tf.abs(copy - same[0]))) for same in copies for copy in same[1:] or same
    )
    weights = {f"w{place}": same[0].numpy() for place, same in enumerate(copies)}
    np.savez(output, loss=losses, spread=spread, replicas=len(copies[0]), **weights)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
