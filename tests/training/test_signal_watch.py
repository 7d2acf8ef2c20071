"""A second Ctrl-C ends a run whose main thread does not come back."""

import os
import signal
import subprocess
import sys
import time

import pytest

from centernet_tf.training.signal_watch import PATIENCE, SignalWatch

# A mutex that is locked twice is waited for for ever, in C, without a look at signals.
PROGRAM = """
import ctypes
from centernet_tf.training.stop_on_signal import StopOnSignal

with StopOnSignal(None):
    mutex, library = ctypes.create_string_buffer(64), ctypes.CDLL(None)
    library.pthread_mutex_lock(mutex)
    print("ready", flush=True)
    library.pthread_mutex_lock(mutex)
"""


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_ends_a_run_that_waits_for_ever(first):
    program = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    try:
        assert program.stdout.readline() == "ready\n"
        # It has to be inside the library by then.
        time.sleep(1.0)
        program.send_signal(first)
        time.sleep(PATIENCE + 1.0)
        assert program.poll() is None
        program.send_signal(signal.SIGINT)
        said, _ = program.communicate(timeout=60)
        assert program.returncode == 128 + signal.SIGINT
        assert said == (
            "\nWaiting for what is under way; Ctrl-C ends at once, unsaved.\n"
            "\nEnded at once, unsaved.\n"
        )
    finally:
        program.kill()
        program.wait()


def test_leaves_everything_as_it_was():
    before = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(before)
    watch = SignalWatch()
    watch.start()
    assert signal.set_wakeup_fd(-1) != before
    watch.stop()
    assert signal.set_wakeup_fd(before) == before


def test_a_main_thread_that_comes_back_is_left_to_itself(capsys):
    watch = SignalWatch()
    handler = signal.signal(signal.SIGTERM, lambda *_: watch.heard.set())
    watch.start()
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        assert watch.heard.wait(10)
    finally:
        watch.stop()
        signal.signal(signal.SIGTERM, handler)
    assert capsys.readouterr().out == ""
