"""Counters of a server in the text format that Prometheus reads."""

import bisect
import os
import threading
from typing import Dict, Tuple

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LATENCY_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
BATCH_BOUNDS = (1, 2, 4, 8, 16, 32, 64)


class ServingMetrics:
    """Counts requests, batches and images; safe to use from any thread."""

    def __init__(self):
        self._lock = threading.Lock()
        self._requests: Dict[Tuple[str, str, str], int] = {}
        self._latency = _Histogram(LATENCY_BOUNDS)
        self._batches = _Histogram(BATCH_BOUNDS)
        self._images: Dict[int, int] = {}

    def request(self, protocol: str, method: str, code: str) -> None:
        """Counts one request, answered or refused."""
        with self._lock:
            key = (protocol, method, code)
            self._requests[key] = self._requests.get(key, 0) + 1

    def predicted(self, seconds: float) -> None:
        """Counts the time of a prediction; that of a refusal would hide how long answers take."""
        with self._lock:
            self._latency.add(seconds)

    def batch(self, rows: int) -> None:
        """Counts a batch that was run."""
        with self._lock:
            self._batches.add(rows)

    def images(self, statuses) -> None:
        """Counts images by their `image_status`."""
        with self._lock:
            for status in statuses:
                self._images[int(status)] = self._images.get(int(status), 0) + 1

    def text(self, waiting: int, versions) -> str:
        """Returns all of it.

        Args:
          waiting: requests in the queue now.
          versions: those that are served now.
        """
        with self._lock:
            lines = ["# TYPE centernet_tf_requests_total counter"]
            for (protocol, method, code), count in sorted(self._requests.items()):
                labels = f'protocol="{protocol}",method="{method}",code="{code}"'
                lines.append(f"centernet_tf_requests_total{{{labels}}} {count}")
            lines += self._latency.lines("centernet_tf_predict_seconds")
            lines += self._batches.lines("centernet_tf_batch_size")
            lines.append("# TYPE centernet_tf_images_total counter")
            for status, count in sorted(self._images.items()):
                lines.append(f'centernet_tf_images_total{{image_status="{status}"}} {count}')
        lines += ["# TYPE centernet_tf_queue_length gauge", f"centernet_tf_queue_length {waiting}"]
        lines.append("# TYPE centernet_tf_version_served gauge")
        lines += [f'centernet_tf_version_served{{version="{number}"}} 1' for number in versions]
        lines.append("# TYPE process_resident_memory_bytes gauge")
        lines.append(f"process_resident_memory_bytes {resident_bytes()}")
        return "\n".join(lines) + "\n"


class _Histogram:
    """How many values lie at or below each bound, as Prometheus counts them."""

    def __init__(self, bounds):
        self._bounds, self._counts = bounds, [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, value: float) -> None:
        self._counts[bisect.bisect_left(self._bounds, value)] += 1
        self._sum += value

    def lines(self, name: str):
        yield f"# TYPE {name} histogram"
        total = 0
        for bound, count in zip((*self._bounds, "+Inf"), self._counts):
            total += count
            yield f'{name}_bucket{{le="{bound}"}} {total}'
        yield f"{name}_sum {self._sum}"
        yield f"{name}_count {total}"


def resident_bytes() -> int:
    """Returns the memory of this process, 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
