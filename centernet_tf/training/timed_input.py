"""How long training waits for its input."""

import time

import tensorflow as tf


class TimedInput:
    """What `fit` calls for every step: fetches the batch, then runs the step's graph on it.

    Keras fetches the batch inside the graph of the step, where nothing can tell waiting from
    computing. Fetched before the graph is entered, the wait is the time that `next` takes: next to
    nothing while a prefetched batch is there, and otherwise the time until it is. Nothing is
    computed meanwhile, because the metrics of the step before were read, which waits for its end.
    One call costs a fraction of a millisecond.

    Attributes:
      seconds_waited: since it was made.
    """

    def __init__(self, step):
        """Takes a `tf.function` from a batch to what the callbacks get."""
        self._step = step
        self.seconds_waited = 0.0

    def __call__(self, iterator):
        started = time.perf_counter()
        batch = next(iterator)
        self.seconds_waited += time.perf_counter() - started
        return self._step(batch)


def timed_train_function(trainer) -> TimedInput:
    """Returns what `keras.Model.make_train_function` should: a step on every replica.

    Args:
      trainer: a `keras.Model` whose `train_step` returns the same on all replicas.
    """
    strategy = trainer.distribute_strategy

    @tf.function(reduce_retracing=True)
    def step(batch):
        results = strategy.run(trainer.train_step, args=(batch,))
        return tf.nest.map_structure(
            lambda value: strategy.experimental_local_results(value)[0], results
        )

    return TimedInput(step)
