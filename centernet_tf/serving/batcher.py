"""Requests that arrive together are run together, in the order of their arrival."""

import collections
import threading
import time

import numpy as np
import tensorflow as tf

from centernet_tf.serving.faults import BadRequest, Busy, ServingFault, TooLate


class Closed(Exception):
    """The version has been replaced meanwhile; the request belongs to its successor."""


class _Task:
    """One request: its rows, and later its answer or the reason why there is none."""

    def __init__(self, signature: str, inputs: dict, rows: int, deadline: float):
        self.signature, self.inputs, self.rows, self.deadline = signature, inputs, rows, deadline
        self.arrived = time.monotonic()
        # Only what can be put together along the first axis may share a batch.
        shapes = tuple((name, inputs[name].shape[1:]) for name in sorted(inputs))
        self.kind = (signature, shapes)
        self.done = threading.Event()
        self.outputs = self.fault = None

    def finish(self, outputs=None, fault=None) -> None:
        if self.done.is_set():
            return
        self.outputs, self.fault = outputs, fault
        self.inputs = None
        self.done.set()


class Batcher:
    """A queue, and a thread that runs what waits in it.

    An idle one waits for company, but not for more of it than there was when the last batch was
    done: to wait longer than all clients need to ask again would only cost time.

    Args:
      run: f(signature, inputs) -> outputs, arrays whose first axis is the batch.
      options: `ServingOptions`.
      metrics: `ServingMetrics`.
    """

    def __init__(self, run, options, metrics):
        self._run, self._options, self._metrics = run, options, metrics
        self._tasks = collections.deque()
        self._running = []
        # Rows that the clients of late have had here at once.
        self._usual_rows = options.max_batch_size
        self._free_since = time.monotonic()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="batches", daemon=True)
        self._thread.start()

    def submit(self, signature: str, inputs: dict, rows: int, deadline: float) -> dict:
        """Returns the outputs for these rows; waits for them.

        Args:
          signature: its name.
          inputs: arrays by name, checked.
          rows: their first dimension.
          deadline: in `time.monotonic()`.

        Raises:
          Closed: the batcher no longer takes requests.
          ServingFault: the queue is full, the request too large, the time over, or the model fails.
        """
        if rows > self._options.max_batch_size:
            raise BadRequest(
                f"The request holds {rows} rows; at most {self._options.max_batch_size} are taken "
                "at once."
            )
        task = _Task(signature, inputs, rows, deadline)
        self._enqueue(task)
        if not task.done.wait(max(0.0, deadline - time.monotonic())):
            raise TooLate("The answer did not come in time; the server has too much to do.")
        if task.fault is not None:
            raise task.fault
        return task.outputs

    @property
    def waiting(self) -> int:
        """How many requests are in the queue."""
        return len(self._tasks)

    def close(self) -> None:
        """Takes no more requests, finishes those that are there, and ends the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def abandon(self) -> None:
        """Takes no more requests and refuses those that are there; waits for nothing.

        A batch that runs cannot be stopped, but nobody waits for it any more.
        """
        with self._changed:
            self._closed = True
            left = [*self._running, *self._tasks]
            self._tasks.clear()
            self._changed.notify_all()
        for task in left:
            task.finish(fault=Busy("The server has stopped."))

    def _enqueue(self, task: _Task) -> None:
        with self._changed:
            if self._closed:
                raise Closed
            self._drop_late()
            if len(self._tasks) >= self._options.max_queue:
                raise Busy(
                    f"{len(self._tasks)} requests are waiting, and no more may; try again later."
                )
            self._tasks.append(task)
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            batch = self._next_batch()
            if batch is None:
                return
            if batch:
                self._answer(batch)
            # A batch that is kept would hold its images while the thread waits.
            del batch
            self._running = []
            self._free_since = time.monotonic()

    def _next_batch(self):
        """Waits for requests and returns those to run together; None at the end."""
        with self._changed:
            while not self._tasks:
                if self._closed:
                    return None
                self._changed.wait()
            # Those who were answered a moment ago may ask again at once.
            since = max(self._tasks[0].arrived, self._free_since)
            patience = since + self._options.batch_timeout_ms / 1000.0
            while self._tasks and not self._closed and not self._is_full():
                left = patience - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            self._running = self._take()
            return self._running

    def _is_full(self) -> bool:
        """Says whether a batch is full, or nobody is missing, whatever is asked for."""
        rows = sum(task.rows for task in self._tasks)
        return rows >= min(self._usual_rows, self._options.max_batch_size)

    def _take(self) -> list:
        """Removes the first request from the queue, and those that fit it."""
        self._drop_late()
        batch, left, rows = [], collections.deque(), 0
        for task in self._tasks:
            kind = batch[0].kind if batch else task.kind
            if task.kind == kind and rows + task.rows <= self._options.max_batch_size:
                batch.append(task)
                rows += task.rows
            else:
                left.append(task)
        self._tasks = left
        return batch

    def _drop_late(self) -> None:
        """Nobody waits for these any more."""
        now = time.monotonic()
        for task in [task for task in self._tasks if task.deadline <= now]:
            self._tasks.remove(task)
            task.finish(fault=TooLate("The request waited too long for its turn."))

    def _answer(self, batch: list) -> None:
        names = batch[0].inputs
        try:
            inputs = {name: np.concatenate([task.inputs[name] for task in batch]) for name in names}
            outputs = self._run(batch[0].signature, inputs)
        except Exception as error:
            self._answer_one_by_one(batch, error)
            return
        self._metrics.batch(sum(task.rows for task in batch))
        # Before the answers go, since clients that have theirs may ask again at once.
        with self._changed:
            self._usual_rows = sum(task.rows for task in [*batch, *self._tasks])
        first = 0
        for task in batch:
            rows = slice(first, first + task.rows)
            # A copy, or one small answer would keep the whole batch's alive.
            task.finish({name: values[rows].copy() for name, values in outputs.items()})
            first += task.rows

    def _answer_one_by_one(self, batch: list, error: Exception) -> None:
        """One request must not fail because of another."""
        if len(batch) == 1:
            batch[0].finish(fault=_fault_of(error))
            return
        for task in batch:
            self._answer([task])


def _fault_of(error: Exception) -> ServingFault:
    if isinstance(error, tf.errors.InvalidArgumentError):
        return BadRequest(f"The model cannot use the request: {_reason(error)}")
    return ServingFault(f"The model failed: {_reason(error)}")


def _reason(error: Exception) -> str:
    """The line that says why; TensorFlow puts where it was in the graph before and behind it."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    for line, following in zip(lines, lines[1:]):
        if "[[{{node" in following:
            return line.strip()
    return lines[0] if lines else type(error).__name__
