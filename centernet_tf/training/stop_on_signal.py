"""Ending a run in good order when the machine is taken away."""

import signal

import keras


class Stopped(Exception):
    """The run was asked to end, and is saved."""


class StopOnSignal(keras.callbacks.Callback):
    """On SIGTERM, saves a checkpoint after the step or evaluation in work and raises `Stopped`.

    Leaving `fit` by an exception spares what its end of an epoch would do with half an epoch. Use
    it as a context manager around `fit`, so that the handler from before comes back.
    """

    def __init__(self, checkpoints, agree=bool):
        """Takes the `Checkpoints`, and of several workers their `agreement`: all stop or none."""
        super().__init__()
        self.checkpoints = checkpoints
        self.agree = agree
        self._asked = False
        self._before = None

    def __enter__(self):
        try:
            self._before = signal.signal(signal.SIGTERM, self._ask)
        except ValueError:
            # Only the main thread may handle signals; in another, the run ends as it always did.
            self._before = None
        return self

    def __exit__(self, *_):
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    def _ask(self, *_):
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
