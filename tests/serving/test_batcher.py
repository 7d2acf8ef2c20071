"""Requests of several threads, run together."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.serving.batcher import Batcher, Closed
from centernet_tf.serving.faults import BadRequest, Busy, ServingFault, TooLate
from centernet_tf.serving.metrics import ServingMetrics
from centernet_tf.serving.options import ServingOptions


class Model:
    """Doubles its input, remembers its batches, and waits before each until it is let go."""

    def __init__(self):
        self.batches, self.reached, self.go = [], threading.Event(), threading.Event()
        self.go.set()

    def __call__(self, signature, inputs):
        self.reached.set()
        assert self.go.wait(10)
        self.batches.append((signature, inputs["x"].tolist()))
        if (inputs["x"] < 0).any():
            raise tf.errors.InvalidArgumentError(None, None, "negative\nat some node")
        if (inputs["x"] > 99).any():
            raise RuntimeError("broken")
        return {"y": 2 * inputs["x"]}


@pytest.fixture
def start():
    batchers = []

    def make(**options):
        model = Model()
        batchers.append(Batcher(model, ServingOptions(**options), ServingMetrics()))
        return model, batchers[-1]

    yield make
    for batcher in batchers:
        batcher._run.go.set()
        batcher.close()


def submit(batcher, *rows, signature="s", patience=10.0):
    inputs = {"x": np.array(rows)}
    return batcher.submit(signature, inputs, len(rows), time.monotonic() + patience)


def while_busy(model, batcher, *requests):
    """Has requests wait behind one that runs, then lets all go; returns what each got."""
    model.go.clear()
    model.reached.clear()
    with ThreadPoolExecutor(20) as pool:
        first = pool.submit(submit, batcher, 0)
        assert model.reached.wait(10)
        futures = []
        for number, request in enumerate(requests, start=1):
            futures.append(pool.submit(request))
            wait_for(lambda: batcher.waiting >= number or futures[-1].done())  # noqa: B023
        model.go.set()
        first.result()
    return [future.exception() or future.result()["y"].tolist() for future in futures]


def behind_a_full_batch(pool, model, batcher, *requests):
    """Has requests wait, in this order, behind a batch of two rows; returns the futures of all."""
    model.go.clear()
    futures = [pool.submit(submit, batcher, 0, 0)]
    assert model.reached.wait(10)
    for number, request in enumerate(requests, start=1):
        futures.append(pool.submit(request))
        wait_for(lambda: batcher.waiting == number)  # noqa: B023
    return futures


def wait_for(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_what_waits_runs_together_and_each_gets_its_own_rows(start):
    model, batcher = start(max_batch_size=8)
    found = while_busy(model, batcher, *(lambda i=i: submit(batcher, i, 10 + i) for i in range(3)))
    assert found == [[0, 20], [2, 22], [4, 24]]
    assert model.batches[1:] == [("s", [0, 10, 1, 11, 2, 12])]


def test_a_batch_is_never_larger_than_allowed(start):
    model, batcher = start(max_batch_size=4)
    while_busy(model, batcher, *(lambda i=i: submit(batcher, i, i, i) for i in range(1, 4)))
    assert [len(rows) for _, rows in model.batches] == [1, 3, 3, 3]
    with pytest.raises(BadRequest, match="holds 5 rows; at most 4"):
        submit(batcher, 1, 2, 3, 4, 5)


def test_only_what_fits_together_shares_a_batch(start):
    model, batcher = start()
    other = {"x": np.ones([1, 2])}
    found = while_busy(
        model,
        batcher,
        lambda: submit(batcher, 1),
        lambda: submit(batcher, 2, signature="t"),
        lambda: batcher.submit("s", other, 1, time.monotonic() + 10),
        lambda: submit(batcher, 3),
    )
    assert found == [[2], [4], [[2.0, 2.0]], [6]]
    assert [rows for _, rows in model.batches[1:]] == [[1, 3], [2], [[1.0, 1.0]]]


def test_one_bad_request_does_not_fail_the_others(start):
    model, batcher = start()
    found = while_busy(
        model,
        batcher,
        lambda: submit(batcher, 1),
        lambda: submit(batcher, -1),
        lambda: submit(batcher, 100),
        lambda: submit(batcher, 2),
    )
    assert found[0] == [2] and found[3] == [4]
    assert isinstance(found[1], BadRequest) and found[1].sentence.endswith("request: negative")
    assert found[2].status == 500 and "broken" in found[2].sentence


def test_a_full_queue_says_so_at_once(start):
    model, batcher = start(max_queue=2)
    found = while_busy(model, batcher, *(lambda i=i: submit(batcher, i) for i in range(1, 5)))
    assert found[:2] == [[2], [4]]
    assert all(isinstance(fault, Busy) and fault.retry for fault in found[2:])


def test_a_late_request_is_given_up_and_not_run(start):
    model, batcher = start()
    model.go.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(submit, batcher, 0)
        assert model.reached.wait(10)
        with pytest.raises(TooLate, match="did not come in time"):
            submit(batcher, 7, patience=0.05)
        model.go.set()
        first.result()
    assert submit(batcher, 8)["y"].tolist() == [16]
    assert [rows for _, rows in model.batches] == [[0], [8]]


def test_an_idle_server_waits_for_company(start):
    model, batcher = start(batch_timeout_ms=2000.0, max_batch_size=3)
    with ThreadPoolExecutor(3) as pool:
        started = time.monotonic()
        found = list(pool.map(lambda i: submit(batcher, i)["y"].tolist(), range(3)))
    assert found == [[0], [2], [4]] and len(model.batches) == 1
    assert time.monotonic() - started < 1.5


def test_a_lone_client_does_not_wait_for_others(start):
    _, batcher = start(batch_timeout_ms=1500.0)
    # Nobody knows yet how many there are.
    submit(batcher, 0)
    for i in range(3):
        assert submit(batcher, i, patience=1.0)["y"].tolist() == [2 * i]


def test_clients_that_were_answered_a_moment_ago_are_waited_for(start):
    """Although who waits has waited for longer than an idle server would have let it."""
    model, batcher = start(batch_timeout_ms=10_000.0, max_batch_size=2)
    with ThreadPoolExecutor(2) as pool:
        first, second = behind_a_full_batch(pool, model, batcher, lambda: submit(batcher, 1))
        batcher._tasks[0].arrived -= 20.0
        model.go.set()
        first.result()
        submit(batcher, 2)
        second.result()
    assert [rows for _, rows in model.batches] == [[0, 0], [1, 2]]


def test_others_that_ask_for_something_else_are_company_too(start):
    """All are here, so that to wait for more of the same would be in vain."""
    model, batcher = start(batch_timeout_ms=3000.0, max_batch_size=2)
    with ThreadPoolExecutor(3) as pool:
        futures = behind_a_full_batch(
            pool,
            model,
            batcher,
            lambda: submit(batcher, 1, patience=2.0),
            lambda: submit(batcher, 2, signature="t"),
        )
        model.go.set()
        found = [future.result()["y"].tolist() for future in futures]
    assert found == [[0, 0], [2], [4]]


def test_closing_finishes_what_is_there_and_takes_no_more(start):
    model, batcher = start()

    def close():
        threading.Thread(target=batcher.close).start()
        wait_for(lambda: batcher._closed)
        return submit(batcher, 2)

    found = while_busy(model, batcher, lambda: submit(batcher, 1), close)
    assert found[0] == [2] and isinstance(found[1], Closed)


def test_a_model_that_fails_leaves_the_thread_alive(start):
    _, batcher = start()
    with pytest.raises(ServingFault, match="broken"):
        submit(batcher, 100)
    assert submit(batcher, 3)["y"].tolist() == [6]
