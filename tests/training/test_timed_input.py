"""Time spent in `next` is measured, time spent in the step is not, and the step is the same."""

import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.training.pace import Stopwatch
from centernet_tf.training.timed_input import TimedInput, timed_train_function


def slow_batches(pauses):
    for number, pause in enumerate(pauses):
        time.sleep(pause)
        yield number


def test_only_the_wait_counts():
    def step(batch):
        time.sleep(0.05)
        return 2 * batch

    timed = TimedInput(step)
    batches = slow_batches([0.1, 0.0, 0.1])
    assert [timed(batches) for _ in range(3)] == [0, 2, 4]
    assert 0.2 <= timed.seconds_waited < 0.3
    with pytest.raises(StopIteration):
        timed(batches)


class Line(keras.Model):
    """Learns a slope; with its own training function, or Keras's."""

    def __init__(self, timed):
        super().__init__()
        self.slope = self.add_weight(shape=(), initializer="ones")
        self.timed = timed
        self.mean = keras.metrics.Mean(name="loss")

    def call(self, x, training=False):
        return self.slope * x

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self(x) - y) ** 2)
        self.optimizer.apply_gradients([(tape.gradient(loss, self.slope), self.slope)])
        self.mean.update_state(loss)
        return {"loss": self.mean.result()}

    @property
    def metrics(self):
        return [self.mean]

    def make_train_function(self, force=False):
        if not self.timed:
            return super().make_train_function(force)
        if self.train_function is None or force:
            self.train_function = timed_train_function(self)
        return self.train_function


def fitted(timed, data):
    model = Line(timed)
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    losses = model.fit(data, epochs=2, steps_per_epoch=4, verbose=0).history["loss"]
    return losses, float(model.slope.numpy()), model


def test_fit_learns_as_with_keras_and_the_wait_of_a_slow_input_is_seen():
    x = np.arange(8, dtype=np.float32)
    data = tf.data.Dataset.from_tensor_slices((x, 3 * x)).batch(2).repeat()
    slow = data.map(lambda *pair: pair).apply(_delayed)
    losses, slope, model = fitted(True, slow)
    expected_losses, expected_slope, _ = fitted(False, data)
    np.testing.assert_array_equal(losses, expected_losses)
    assert slope == expected_slope
    assert model.train_function.seconds_waited > 0.1


def _delayed(dataset):
    def late():
        for batch in dataset.take(8):
            time.sleep(0.02)
            yield batch

    return tf.data.Dataset.from_generator(late, output_signature=dataset.element_spec)


def test_pace_is_of_the_part_since_the_start():
    class Trainer:
        train_function = TimedInput(None)

    trainer = Trainer()
    trainer.train_function.seconds_waited = 100.0
    watch = Stopwatch(trainer, 8)
    time.sleep(0.1)
    trainer.train_function.seconds_waited += 0.05
    pace = watch.pace(5)
    assert 0.1 <= pace.seconds < 0.2
    assert pace.images_per_second == pytest.approx(40 / pace.seconds)
    assert pace.data_wait == pytest.approx(0.05 / pace.seconds)


def test_another_training_function_has_no_wait():
    class Trainer:
        train_function = staticmethod(lambda iterator: None)

    assert Stopwatch(Trainer(), 8).pace(1).data_wait == 0.0
