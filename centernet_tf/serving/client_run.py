"""Image files sent to a server from several threads, and the time it took."""

import collections
import dataclasses
import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Iterator, List, Sequence

import numpy as np

from centernet_tf.count_of import count_of
from centernet_tf.data.annotations import Category
from centernet_tf.errors import UserError
from centernet_tf.export.api_outputs import boxes_px
from centernet_tf.export.image_files import UnreadableImage, decode, read_encoded
from centernet_tf.export.image_status import GOOD, MEANINGS
from centernet_tf.export.metadata import parse_labels
from centernet_tf.export.prediction_run import Result
from centernet_tf.ops.detections import Detections
from centernet_tf.serving.client_faults import RequestFailed, with_retries

_NEEDED = (
    "num_detections",
    "detection_scores",
    "detection_classes",
    "detection_class_names",
)


@dataclasses.dataclass
class Timings:
    """What a run took.

    Attributes:
      seconds: from sending to answer of each request, with its retries.
      retries: how often a request was sent again.
      images: how many were answered.
      elapsed: seconds from the first request to the last answer.
    """

    seconds: List[float] = dataclasses.field(default_factory=list)
    retries: int = 0
    images: int = 0
    elapsed: float = 0.0

    def line(self) -> str:
        """Returns the figures for a person."""
        if not self.seconds:
            return "No request was answered."
        p50, p90, p99 = (1000 * np.percentile(self.seconds, part) for part in (50, 90, 99))
        return (
            f"{count_of(len(self.seconds), 'request')}: p50 {p50:.0f} ms, p90 {p90:.0f} ms, p99 "
            f"{p99:.0f} ms, {self.images / max(self.elapsed, 1e-9):.1f} images/s, "
            f"{self.retries} sent again."
        )


class ClientRun:
    """Sends files and collects what comes back.

    Args:
      client: `RestClient` or `GrpcClient`.
      concurrency: requests under way at once.
      batch_size: images in a request.
      attempts: how often a request is sent at most.
      categories: in their order; those of detections that are not among them are appended.

    Attributes:
      categories: as far as they are known; a server tells names with detections only.
      timings: what the run took so far.
    """

    def __init__(self, client, concurrency=4, batch_size=1, attempts=5, categories=()):
        self._client, self._concurrency = client, concurrency
        self._batch_size, self._attempts = batch_size, attempts
        self.categories: List[Category] = list(categories)
        self.timings = Timings()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._fault = None

    def results(self, paths: Sequence[str]) -> Iterator[Result]:
        """Yields a result for each file, in their order; once.

        Raises:
          RequestFailed: a request was not answered in all its attempts.
        """
        started = time.monotonic()
        chunks = iter(
            [paths[i : i + self._batch_size] for i in range(0, len(paths), self._batch_size)]
        )
        pool = ThreadPoolExecutor(self._concurrency)
        try:
            waiting = collections.deque()
            # A bounded number ahead of the reader, or all images would be in memory at last.
            for chunk in itertools.islice(chunks, 2 * self._concurrency):
                waiting.append(pool.submit(self._send, chunk))
            while waiting:
                answered = waiting.popleft().result()
                self.timings.elapsed = time.monotonic() - started
                for chunk in itertools.islice(chunks, 1):
                    waiting.append(pool.submit(self._send, chunk))
                yield from map(self._result, answered)
        finally:
            # After a failure nobody reads what the others would bring.
            self._ended.set()
            pool.shutdown(cancel_futures=True)

    def _send(self, paths: Sequence[str]) -> list:
        """Returns (path, encoded, outputs or the fault) of each file."""
        read = []
        for path in paths:
            try:
                read.append((path, read_encoded(path), None))
            except UnreadableImage as fault:
                read.append((path, None, fault))
        images = [encoded for _, encoded, fault in read if fault is None]
        answers = iter(self._ask(images) if images else [])
        return [
            (path, encoded, next(answers) if fault is None else fault)
            for path, encoded, fault in read
        ]

    def _ask(self, images):
        if self._ended.is_set():
            # Where nothing failed, the reader has gone.
            raise self._fault or RequestFailed("It was not sent.", retry=False)
        started = time.monotonic()
        try:
            answers = with_retries(
                lambda: self._client.detect(images), self._attempts, self._retried, self._ended.wait
            )
        except RequestFailed as fault:
            with self._lock:
                self._fault = self._fault or fault
            # At once, whichever request it is: the reader may be waiting for an earlier one.
            self._ended.set()
            raise
        with self._lock:
            self.timings.seconds.append(time.monotonic() - started)
            self.timings.images += len(images)
        return answers

    def _retried(self) -> None:
        with self._lock:
            self.timings.retries += 1

    def _result(self, answered) -> Result:
        path, encoded, outputs = answered
        if isinstance(outputs, UnreadableImage):
            return Result(path, None, None, outputs)
        status = int(outputs.get("image_status", GOOD))
        if status != GOOD:
            reason = f"the server says that it {MEANINGS.get(status, f'has status {status}')}"
            return Result(path, None, None, UnreadableImage(path, reason))
        image = decode(encoded)
        return Result(path, image, self._detections(outputs, image.shape[:2]))

    def _detections(self, outputs: dict, size) -> Detections:
        _require_detections(outputs)
        count = int(outputs["num_detections"])
        ids = outputs["detection_classes"][:count].astype(int).tolist()
        names = [_text(name) for name in outputs["detection_class_names"][:count].tolist()]
        classes = [self._class_of(*pair) for pair in zip(ids, names)]
        return Detections(
            boxes=np.float32(boxes_px(outputs, size)).reshape(-1, 4)[:count],
            scores=np.float32(outputs["detection_scores"][:count]),
            classes=np.array(classes, np.int32),
            count=np.int32(count),
        )

    def _class_of(self, identity: int, name: str) -> int:
        for index, category in enumerate(self.categories):
            if category.id == identity:
                return index
        self.categories.append(Category(identity, name))
        return len(self.categories) - 1


def _require_detections(outputs: dict) -> None:
    missing = [name for name in _NEEDED if name not in outputs]
    if not {"detection_boxes", "detection_boxes_px"} & {*outputs}:
        missing.append("detection_boxes")
    if missing:
        raise RequestFailed(
            f"The server's model does not answer {', '.join(missing)}; it is no export of this "
            "project.",
            retry=False,
        )


def _text(name) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else name


def make_client(protocol: str, server: str, model: str, timeout: float):
    """Returns a client for 'rest' or 'grpc'.

    Raises:
      UserError: the server is no address, or gRPC's packages are missing.
    """
    if protocol == "rest":
        from centernet_tf.serving.rest_client import RestClient

        return RestClient(server, model, timeout)
    try:
        from centernet_tf.serving.grpc_client import GrpcClient
    except ImportError as error:
        raise UserError(
            "gRPC needs tensorflow-serving-api: pip install 'centernet_tf[serving]', or pass "
            "--protocol=rest."
        ) from error
    return GrpcClient(server, model, timeout)


def read_labels(path: str) -> Sequence[Category]:
    """Reads labels.json.

    Raises:
      UserError: it cannot be read.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            return parse_labels(stream.read())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is no list of classes; give assets/labels.json.") from error
