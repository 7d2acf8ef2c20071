"""Ending a run in good order when the machine is taken away, or its user presses Ctrl-C."""

import signal
import threading

import keras

from centernet_tf.training.signal_watch import SignalWatch


class Stopped(Exception):
    """The run was asked to end, and is saved."""


class StopOnSignal(keras.callbacks.Callback):
    """On SIGTERM or Ctrl-C, saves a checkpoint after the step or evaluation in work and raises
    `Stopped`. A second Ctrl-C ends the run at once, wherever it is.

    Leaving `fit` by an exception spares what its end of an epoch would do with half an epoch. Use
    it as a context manager around `fit`, so that the handler from before comes back.
    """

    def __init__(self, checkpoints, agree=bool):
        """Takes the `Checkpoints`, and of several workers their `agreement`: all stop or none."""
        super().__init__()
        self.checkpoints = checkpoints
        self.agree = agree
        self._asked = False
        self._before = {}
        self._watch = SignalWatch()

    def __enter__(self):
        # Only the main thread may handle signals; in another, the run ends as it always did.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._ask)
            self._watch.start()
        return self

    def __exit__(self, *_):
        if self._before:
            self._watch.stop()
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _ask(self, number, _):
        self._watch.heard.set()
        if number == signal.SIGINT:
            if self._asked:
                raise KeyboardInterrupt
            print("\nSaving after this step; Ctrl-C again ends at once, unsaved.", flush=True)
        self._asked = True

    def on_train_batch_end(self, batch, logs=None):
        self._stop_if_asked()

    def on_epoch_end(self, epoch, logs=None):
        # Asked while the epoch was evaluated, for example.
        self._stop_if_asked()

    def _stop_if_asked(self):
        if self.agree(self._asked):
            self.checkpoints.save()
            raise Stopped
