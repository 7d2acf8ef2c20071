"""Scoring the detector between epochs."""

import keras

from centernet_tf.count_of import count_of
from centernet_tf.evaluation.coco_backend import require_backend
from centernet_tf.evaluation.coco_metrics import METRIC_NAMES
from centernet_tf.evaluation.detect import detect_function
from centernet_tf.evaluation.evaluate import evaluate_network


class EvaluateDuringTraining(keras.callbacks.Callback):
    """COCO metrics on the evaluation split every few epochs and after the last, one line each."""

    def __init__(self, trainer, config, manifest, history):
        super().__init__()
        require_backend(config.evaluation.coco_backend)
        self.trainer, self.config, self.manifest, self.history = trainer, config, manifest, history
        # Kept, so that later evaluations reuse the traced graph.
        self.detect = detect_function(trainer.network, trainer.detector)
        self.latest = None

    def on_epoch_end(self, epoch, logs=None):
        finished = epoch + 1
        if finished % self.config.train.evaluate_every and finished != self.config.train.epochs:
            return
        self.latest = evaluate_network(
            self.trainer.network,
            self.trainer.detector,
            self.config,
            self.manifest,
            detect=self.detect,
        ).metrics
        self.history.add_metrics({name: self.latest[name] for name in METRIC_NAMES})
        print(
            f"epoch {finished}: AP {self.latest['AP']:.4f}, AP50 {self.latest['AP50']:.4f} on "
            f"{self.config.data.eval_split} ({count_of(self.latest['num_images'], 'image')})",
            flush=True,
        )
