"""Keeping the weights that scored best."""

import os

import keras
import tensorflow as tf

from centernet_tf.training.checkpoint_writing import writing_told


class KeepBest(keras.callbacks.Callback):
    """After an evaluation of a higher AP than any before, writes its weights to `model_dir/best`.

    These are the scored weights alone, for evaluation, export and fine-tuning; a run is resumed
    from its own checkpoints, which also keep the highest AP.
    """

    def __init__(self, model_dir, evaluation, scored, checkpoints):
        """Takes what it watches.

        Args:
          model_dir: of the run.
          evaluation: callback whose `latest` are the newest metrics or None; runs before.
          scored: `ScoredNetwork` that it evaluates.
          checkpoints: `Checkpoints` of the run; runs after.
        """
        super().__init__()
        self.evaluation, self.checkpoints = evaluation, checkpoints
        self.step = tf.Variable(0, dtype=tf.int64)
        self.seen = None
        part = "average" if scored.kind == "ema" else "network"
        checkpoint = tf.train.Checkpoint(step=self.step, **{part: scored.network})
        # Made here, outside the strategy's scope: there, a new variable takes all workers, and this
        # is the chief's alone.
        checkpoint.save_counter.assign(0)
        self.manager = tf.train.CheckpointManager(
            checkpoint, os.path.join(model_dir, "best"), max_to_keep=1, checkpoint_name="epoch"
        )

    def on_epoch_end(self, epoch, logs=None):
        latest = self.evaluation.latest
        if latest is self.seen or latest["AP"] <= float(self.checkpoints.best.numpy()):
            return
        self.seen = latest
        self.checkpoints.best.assign(latest["AP"])
        self._write(epoch + 1)

    def _write(self, epoch):
        self.step.assign(self.model.optimizer.iterations)
        with writing_told(self.manager):
            self.manager.save(checkpoint_number=epoch)
