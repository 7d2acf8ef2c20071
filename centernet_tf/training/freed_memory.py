"""Returns memory that the training input freed, before it lies about in pieces too small to use."""

import keras

from centernet_tf.malloc_arenas import give_back_freed_memory

STEPS_BETWEEN = 200


class GiveBackFreedMemory(keras.callbacks.Callback):
    """After each epoch, and in long ones every `STEPS_BETWEEN` steps.

    The end of an epoch matters most: the shuffle buffer has just been emptied, and the next one is
    filled by new threads, which may use another arena.
    """

    def on_train_batch_end(self, batch, logs=None):
        if (batch + 1) % STEPS_BETWEEN == 0:
            give_back_freed_memory()

    def on_epoch_end(self, epoch, logs=None):
        give_back_freed_memory()
