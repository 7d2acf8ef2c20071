"""What a signal does to a run in work."""

import signal

import pytest

from centernet_tf.training.stop_on_signal import StopOnSignal, Stopped


class Saved:
    def __init__(self):
        self.count = 0

    def save(self):
        self.count += 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_after_the_step(number, capsys):
    checkpoints = Saved()
    before = signal.getsignal(number)
    with StopOnSignal(checkpoints) as stop:
        stop.on_train_batch_end(0)
        signal.raise_signal(number)
        assert checkpoints.count == 0
        with pytest.raises(Stopped):
            stop.on_train_batch_end(1)
    assert checkpoints.count == 1
    assert ("Ctrl-C again" in capsys.readouterr().out) == (number == signal.SIGINT)
    assert signal.getsignal(number) is before


def test_a_second_interrupt_ends_at_once():
    checkpoints = Saved()
    with StopOnSignal(checkpoints), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
    assert checkpoints.count == 0
