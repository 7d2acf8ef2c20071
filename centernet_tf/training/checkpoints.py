"""Saving the run at the end of epochs and finding the way back into it."""

import os

import keras
import tensorflow as tf


class Checkpoints(keras.callbacks.Callback):
    """Network, optimizer, step and epoch in `model_dir/checkpoints`, every few epochs.

    The last epoch is always saved.

    TensorFlow writes the files of a checkpoint first and the `checkpoint` index that names it last,
    so a killed run leaves the one before as the newest.
    """

    def __init__(self, model_dir, trainer, config):
        super().__init__()
        self.epoch = tf.Variable(0, dtype=tf.int64, name="finished_epochs")
        self.every, self.epochs = config.checkpoint_every, config.epochs
        self.manager = tf.train.CheckpointManager(
            tf.train.Checkpoint(
                network=trainer.network,
                optimizer=trainer.optimizer,
                step=trainer.optimizer.iterations,
                epoch=self.epoch,
            ),
            os.path.join(model_dir, "checkpoints"),
            max_to_keep=config.keep_checkpoints,
            checkpoint_name="ckpt",
        )

    def restore(self) -> int:
        """Restores the newest checkpoint, if any, and returns the number of finished epochs."""
        if self.manager.latest_checkpoint:
            self.manager.checkpoint.restore(self.manager.latest_checkpoint).assert_consumed()
        return int(self.epoch.numpy())

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.assign(epoch + 1)
        if (epoch + 1) % self.every == 0 or epoch + 1 == self.epochs:
            self.manager.save(checkpoint_number=epoch + 1)
