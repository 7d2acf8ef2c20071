"""What a training shows on the terminal."""

import sys
import time

import keras

from centernet_tf.training.pace import Stopwatch

_BAR, _SECONDS_BETWEEN = 20, 0.2


class Progress(keras.callbacks.Callback):
    """A bar with the time left at a terminal; elsewhere, and after each epoch, one line.

    The bar gives the mean loss of the epoch so far, images a second, the share of the time that the
    steps waited for their input, and the time left in the epoch and in the run (evaluations not
    counted).
    """

    def __init__(self, epochs: int, steps_per_epoch: int, global_batch_size: int, stream=None):
        """Takes the length of the whole run, and where to write (standard output)."""
        super().__init__()
        self._epochs, self._steps, self._batch = epochs, steps_per_epoch, global_batch_size
        self._stream = stream or sys.stdout
        self._bar = self._stream.isatty()
        self._epoch, self._watch, self._drawn = 0, None, 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch
        self._watch = Stopwatch(self.model, self._batch)

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        if self._bar and now - self._drawn > _SECONDS_BETWEEN:
            self._drawn = now
            self._write(f"\r{self._bar_line(batch + 1, logs or {})}\x1b[K")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        pace = self._watch.pace(self.params["steps"])
        losses = ", ".join(f"{name} {_short(value)}" for name, value in _losses(logs))
        clear = "\r\x1b[K" if self._bar else ""
        self._write(
            f"{clear}epoch {epoch + 1}/{self._epochs}: {losses}, rate "
            f"{_short(logs.get('learning_rate', 0.0))}, {self.params['steps']} steps in "
            f"{clock(pace.seconds)}, {pace.images_per_second:.1f} images/s, "
            f"{pace.data_wait:.0%} waiting for data{self._left(pace)}\n"
        )

    def _bar_line(self, done, logs):
        steps = self.params["steps"]
        pace = self._watch.pace(done)
        filled = "#" * int(_BAR * done / steps)
        step_seconds = pace.seconds / done
        left = (steps - done) * step_seconds
        run_left = left + (self._epochs - self._epoch - 1) * self._steps * step_seconds
        return (
            f"epoch {self._epoch + 1}/{self._epochs} |{filled:<{_BAR}}| {done}/{steps}  "
            f"loss {_short(logs.get('loss', float('nan')))}  {pace.images_per_second:.1f} images/s"
            f"  wait {pace.data_wait:.0%}  ETA {clock(left)}, run {clock(run_left)}"
        )

    def _left(self, pace):
        """The time that the remaining epochs take at the pace of this one."""
        epochs = self._epochs - self._epoch - 1
        if not epochs or not self.params["steps"]:
            return ""
        seconds = epochs * self._steps * pace.seconds / self.params["steps"]
        return f", {clock(seconds)} left"

    def _write(self, text):
        self._stream.write(text)
        self._stream.flush()


def clock(seconds: float) -> str:
    """Returns seconds as '0:42', '7:05' or '26:07:05'."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def _losses(logs):
    """The total first, then its terms."""
    names = [name for name in logs if name == "loss" or name.endswith("_loss")]
    return [(name, logs[name]) for name in sorted(names, key=lambda name: name != "loss")]


def _short(value) -> str:
    return f"{float(value):.4g}"
