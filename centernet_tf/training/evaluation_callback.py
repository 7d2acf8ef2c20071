"""Scoring the detector between epochs."""

import keras

from centernet_tf.count_of import count_of
from centernet_tf.evaluation.coco_backend import require_backend
from centernet_tf.evaluation.coco_metrics import METRIC_NAMES
from centernet_tf.evaluation.device_copies import device_copies
from centernet_tf.evaluation.evaluate import evaluate_network
from centernet_tf.training.tensorboard_pictures import TensorboardPictures


class EvaluateDuringTraining(keras.callbacks.Callback):
    """COCO metrics on the evaluation split every few epochs and after the last, one line each."""

    def __init__(self, scored, config, manifest, history, chief=True):
        """Takes a `ScoredNetwork`, the experiment, the data set and the `History`.

        Of several workers only the chief scores; the others help it to read the weights.
        """
        super().__init__()
        require_backend(config.evaluation.coco_backend)
        self.scored, self.config, self.manifest, self.history = scored, config, manifest, history
        self.chief = chief
        # Made here, outside the strategy, and kept, so that later evaluations reuse the graphs.
        self.copies = device_copies(scored.network, scored.detector, config) if chief else None
        images = config.train.tensorboard_images
        self.pictures = TensorboardPictures(history.writer, config, manifest) if images else None
        self.latest = None

    def on_epoch_end(self, epoch, logs=None):
        finished = epoch + 1
        if finished % self.config.train.evaluate_every and finished != self.config.train.epochs:
            return
        network = self.scored.refresh()
        if not self.chief:
            return
        self.copies.refresh()
        result = evaluate_network(
            network,
            self.scored.detector,
            self.config,
            self.manifest,
            detect=self.copies.detect,
        )
        self.latest = result.metrics
        self.history.add_metrics({name: self.latest[name] for name in METRIC_NAMES})
        print(
            f"epoch {finished}: AP {self.latest['AP']:.4f}, AP50 {self.latest['AP50']:.4f} on "
            f"{self.config.data.eval_split} ({count_of(self.latest['num_images'], 'image')})",
            flush=True,
        )
        if self.pictures:
            self.pictures.write(
                int(self.model.optimizer.iterations.numpy()), network, self.scored.detector, result
            )
