"""The embedded server under load, beside the bare SavedModel in a loop, slice by slice in turns.

python -m benchmarks.serving --model=runs/bccd/serving --images=photos --seconds=120

The server is a process of its own. The bare model runs one image at a time and the batch that the
clients could fill. Reported: images a second of each, latencies, failed requests, and the memory of
the server after the first slice and at the end.
"""

import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import tensorflow as tf
from absl import flags

from benchmarks import report
from centernet_tf import cli
from centernet_tf.errors import UserError
from centernet_tf.export.image_files import find_images, read_encoded
from centernet_tf.export.version_folder import version_folders
from centernet_tf.serving.client_faults import RequestFailed
from centernet_tf.serving.client_run import make_client

_JSON = flags.DEFINE_string("json", None, "File to write the results to.")
_MODEL = flags.DEFINE_string("model", None, "Folder of the versions of a SavedModel.")
_IMAGES = flags.DEFINE_multi_string("images", [], "Image file, folder, or glob.")
_SECONDS = flags.DEFINE_float("seconds", 120.0, "How long each is under load, in all its slices.")
_SLICE = flags.DEFINE_float("slice", 10.0, "Seconds before the next has its turn.")
_CLIENTS = flags.DEFINE_integer("clients", 8, "Clients at once.", lower_bound=1)
_PROTOCOLS = flags.DEFINE_list("protocols", ["rest", "grpc"], "Protocols to ask by.")


class _Server:
    """`pipelines.serve` in another process."""

    def __init__(self, model):
        command = [sys.executable, "-m", "pipelines.serve", f"--model={model}"]
        command += ["--model_name=model", "--rest_port=0", "--grpc_port=0"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for line in self._process.stdout:
            ports = re.search(r"127\.0\.0\.1:(\d+)/ shows.*gRPC at 127\.0\.0\.1:(\d+)", line)
            if ports:
                break
        else:
            raise UserError("The server did not start; run pipelines.serve to see why.")
        self.addresses = dict(zip(("rest", "grpc"), (f"127.0.0.1:{p}" for p in ports.groups())))

    def memory_mb(self):
        """Resident memory, as the server itself counts it."""
        with urllib.request.urlopen(f"http://{self.addresses['rest']}/metrics") as response:
            text = response.read().decode()
        return float(re.search(r"process_resident_memory_bytes (\d+)", text).group(1)) / 2**20

    def stop(self):
        """Lets it finish."""
        self._process.terminate()
        self._process.wait()


class _Load:
    """Clients that ask as fast as they are answered."""

    def __init__(self, protocol, address, images):
        self._client = make_client(protocol, address, "model", 60.0)
        self._images = images
        self.seconds, self.failed = [], 0
        self._lock = threading.Lock()

    def __call__(self, duration):
        """Returns how many images were answered."""
        end = time.monotonic() + duration
        with ThreadPoolExecutor(_CLIENTS.value) as pool:
            return sum(pool.map(lambda each: self._ask_until(end, each), range(_CLIENTS.value)))

    def _ask_until(self, end, first):
        answered = 0
        while time.monotonic() < end:
            image = self._images[(first + answered) % len(self._images)]
            started = time.monotonic()
            try:
                self._client.detect([image])
            except RequestFailed:
                self.failed += 1
                continue
            with self._lock:
                self.seconds.append(time.monotonic() - started)
            answered += 1
        return answered


def _bare(signature, images, batch):
    """Returns a load that calls the SavedModel itself."""
    batches = [tf.constant([images[(i + j) % len(images)] for j in range(batch)]) for i in range(8)]

    def load(duration):
        end, done = time.monotonic() + duration, 0
        while time.monotonic() < end:
            signature(image_bytes=batches[done % 8])["num_detections"].numpy()
            done += 1
        return done * batch

    return load


def _in_turns(loads, server):
    """Returns images a second of each slice by name, and memory after each round in MB."""
    speeds, memory = {name: [] for name in loads}, []
    for load in loads.values():
        load(min(2.0, _SLICE.value))
    for _ in range(max(1, round(_SECONDS.value / _SLICE.value))):
        for name, load in loads.items():
            started = time.monotonic()
            images = load(_SLICE.value)
            speeds[name].append(images / (time.monotonic() - started))
        memory.append(server.memory_mb())
    return speeds, memory


def main(_):
    images = [read_encoded(path) for path in find_images(_IMAGES.value)]
    newest = version_folders(_MODEL.value)[-1].name
    loaded = tf.saved_model.load(os.path.join(_MODEL.value, newest))
    signature = loaded.signatures["serving_default"]
    server = _Server(_MODEL.value)
    try:
        asked = {name: _Load(name, server.addresses[name], images) for name in _PROTOCOLS.value}
        bare = {f"bare, batch {n}": _bare(signature, images, n) for n in {1, _CLIENTS.value}}
        speeds, memory = _in_turns({**bare, **asked}, server)
    finally:
        server.stop()
    rows = {name: report.row(name, "images/s", values) for name, values in speeds.items()}
    ratios = {
        f"{name}/{other}": report.ratio(rows[name], rows[other]) for name in asked for other in bare
    }
    for name, load in asked.items():
        for part in (50, 99):
            value = 1000 * float(np.percentile(load.seconds, part))
            rows[f"{name} p{part}"] = report.row(f"{name} p{part}", "ms", [value])
        rows[f"{name} failed"] = report.row(f"{name} failed", "requests", [load.failed])
    rows["first"] = report.row("server memory, first round", "MB", memory[:1])
    rows["last"] = report.row("server memory, last round", "MB", memory[-1:])
    report.print_table(list(rows.values()), ratios)
    if _JSON.value:
        report.write_json(_JSON.value, list(rows.values()), ratios)


if __name__ == "__main__":
    cli.run(main, required=["model", "images"], existing=["model"])
