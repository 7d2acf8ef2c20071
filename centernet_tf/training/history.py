"""One line an epoch in `history.csv` and the same in TensorBoard."""

import csv
import os

import keras
import tensorflow as tf

from centernet_tf.training.pace import Stopwatch


class History(keras.callbacks.Callback):
    """Losses, learning rate, gradient norm, time, throughput, data wait and any COCO metrics.

    A resumed run drops the lines of epochs that its checkpoint does not cover, and goes on.
    """

    def __init__(self, model_dir, steps_per_epoch, global_batch_size):
        super().__init__()
        self.path = os.path.join(model_dir, "history.csv")
        self.steps = steps_per_epoch
        self.batch = global_batch_size
        self.writer = tf.summary.create_file_writer(os.path.join(model_dir, "tensorboard"))
        self.lines = []

    def resume(self, finished_epochs):
        """Keeps the first `finished_epochs` lines of an earlier run."""
        if os.path.exists(self.path):
            with open(self.path, encoding="utf-8", newline="") as stream:
                lines = list(csv.DictReader(stream))
            self.lines = [line for line in lines if int(line["epoch"]) <= finished_epochs]

    def on_epoch_begin(self, epoch, logs=None):
        self.watch = Stopwatch(self.model, self.batch)

    def on_epoch_end(self, epoch, logs=None):
        # A part of an epoch that a resumed run finishes has fewer steps.
        pace = self.watch.pace(self.params["steps"])
        step = (epoch + 1) * self.steps
        line = {"epoch": epoch + 1, "step": step, **(logs or {})}
        line["seconds"] = round(pace.seconds, 3)
        line["images_per_second"] = round(pace.images_per_second, 2)
        line["data_wait"] = round(pace.data_wait, 4)
        self.lines.append(line)
        self._write()
        self._summarize(line, step)

    def add_metrics(self, metrics):
        """Adds evaluation metrics to the newest line."""
        self.lines[-1].update(metrics)
        self._write()
        self._summarize(metrics, int(self.lines[-1]["step"]))

    def _summarize(self, values, step):
        with self.writer.as_default(step=step):
            for name, value in values.items():
                if name not in ("epoch", "step"):
                    tf.summary.scalar(name, float(value))
        self.writer.flush()

    def _write(self):
        names = list(dict.fromkeys(name for line in self.lines for name in line))
        temporary = self.path + ".tmp"
        with open(temporary, "w", encoding="utf-8", newline="") as stream:
            table = csv.DictWriter(stream, names, restval="")
            table.writeheader()
            table.writerows(self.lines)
        os.replace(temporary, self.path)
