"""Saving the run and finding the way back into it."""

import os

import keras
import tensorflow as tf

from centernet_tf.errors import UserError
from centernet_tf.training.checkpoint_writing import remove_unfinished, writing_told


class Checkpoints(keras.callbacks.Callback):
    """Network, optimizer, averages, step, place in the data, best AP in `model_dir/checkpoints`.

    Saved every few epochs, after the last one, and where `checkpoint_every_steps` says so also
    within an epoch. The means of the losses so far are saved as well, so that an epoch in two
    pieces reports what one in one piece would.

    TensorFlow writes the files of a checkpoint first and the `checkpoint` index that names it last,
    so a killed run leaves the one before as the newest. A checkpoint that cannot be read all the
    same, such as one that was damaged later, gives way to the one before it. One that cannot be
    written is removed, and the run ends.

    Attributes:
      best: variable, the highest AP seen, -1 before there is one.
    """

    def __init__(self, model_dir, trainer, config, write_dir=None):
        """Call it in the strategy's scope.

        Args:
          model_dir: where the run's checkpoints are.
          trainer: the `Trainer`.
          config: `TrainConfig`.
          write_dir: where to write instead, for workers that are not the chief.
        """
        super().__init__()
        self.epoch = tf.Variable(0, dtype=tf.int64, name="finished_epochs")
        self.batch = tf.Variable(0, dtype=tf.int64, name="finished_batches")
        self.best = tf.Variable(-1.0, name="best_ap")
        self.every, self.epochs = config.checkpoint_every, config.epochs
        self.every_steps = config.checkpoint_every_steps
        self.first_batch = 0
        self._trainer, self._sums = trainer, None
        self.source = os.path.join(model_dir, "checkpoints")
        self.folder = os.path.join(write_dir or model_dir, "checkpoints")
        averages = {"average": trainer.average.values} if trainer.average else {}
        self.manager = tf.train.CheckpointManager(
            tf.train.Checkpoint(
                network=trainer.network,
                optimizer=trainer.optimizer,
                step=trainer.optimizer.iterations,
                epoch=self.epoch,
                batch=self.batch,
                best=self.best,
                means=trainer.metrics,
                **averages,
            ),
            self.folder,
            max_to_keep=config.keep_checkpoints,
            checkpoint_name="ckpt",
        )

    def restore(self):
        """Restores the newest checkpoint that can be read.

        Returns:
          (finished epochs, batches of the next one that are done): (0, 0) without a checkpoint.
        """
        state = tf.train.get_checkpoint_state(self.source)
        paths = list(state.all_model_checkpoint_paths)[::-1] if state else []
        for path, older in zip(paths, [*paths[1:], None]):
            try:
                self.manager.checkpoint.restore(path).assert_consumed()
                break
            except (tf.errors.OpError, AssertionError, ValueError, IndexError) as error:
                reason = str(error).splitlines()[0]
                if older is None:
                    raise UserError(
                        f"The checkpoint {path} cannot be read or belongs to another network "
                        f"({reason}). Choose another --model_dir, or delete this one."
                    ) from error
                print(f"{path} cannot be read ({reason}); going back to {older}.", flush=True)
        remove_unfinished(self.manager)
        self.first_batch = int(self.batch.numpy())
        if self.first_batch:
            self._sums = [variable.numpy() for variable in self._mean_variables()]
        return int(self.epoch.numpy()), self.first_batch

    def _mean_variables(self):
        return [variable for mean in self._trainer.metrics for variable in mean.variables]

    def on_epoch_begin(self, epoch, logs=None):
        # `fit` has just reset them.
        for variable, value in zip(self._mean_variables(), self._sums or []):
            variable.assign(value)
        self._sums = None

    def on_train_batch_end(self, batch, logs=None):
        self.batch.assign(self.first_batch + batch + 1)
        if self.every_steps and int(self.batch.numpy()) % self.every_steps == 0:
            self.save()

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.assign(epoch + 1)
        self.batch.assign(0)
        self.first_batch = 0
        if (epoch + 1) % self.every == 0 or epoch + 1 == self.epochs:
            self.save()

    def save(self):
        """Writes a checkpoint of the run as it stands.

        Raises:
          UserError: it cannot be written, for example because the disk is full.
        """
        with writing_told(self.manager):
            self.manager.save()
