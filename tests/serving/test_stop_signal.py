"""A signal ends the wait, whichever thread the system hands it to."""

import os
import signal
import threading
import time

import pytest

from centernet_tf.serving.stop_signal import StopSignal


@pytest.fixture(autouse=True)
def handlers_of_before():
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_another_thread_gets(number):
    stop = StopSignal()

    def get():
        # The main thread has to wait by then.
        time.sleep(0.1)
        signal.pthread_kill(threading.get_ident(), number)

    thread = threading.Thread(target=get)
    thread.start()
    stop.wait()
    thread.join()


@pytest.mark.timeout(20)
def test_a_signal_that_came_before_the_wait():
    stop = StopSignal()
    os.kill(os.getpid(), signal.SIGTERM)
    stop.wait()
