"""Training gives freed memory back after each epoch, and now and then within long ones."""

import keras
import numpy as np

from centernet_tf.training import freed_memory


def test_memory_is_given_back_every_so_many_steps_and_after_each_epoch(monkeypatch):
    calls, steps = [], [0]
    monkeypatch.setattr(freed_memory, "STEPS_BETWEEN", 4)
    monkeypatch.setattr(freed_memory, "give_back_freed_memory", lambda: calls.append(steps[0]))

    class Count(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            steps[0] += 1

    model = keras.Sequential([keras.layers.Dense(1, input_shape=(1,))])
    model.compile("sgd", "mse")
    data = np.ones((6, 1), "float32")
    callbacks = [Count(), freed_memory.GiveBackFreedMemory()]
    model.fit(data, data, batch_size=1, epochs=2, verbose=0, callbacks=callbacks)
    assert calls == [4, 6, 10, 12]
