"""The versions of one model: the highest that loads is served, and replaced while serving."""

import gc
import os
import threading
import time
from typing import List, NamedTuple, Optional

from absl import logging

from centernet_tf.errors import UserError
from centernet_tf.export.version_folder import version_folders
from centernet_tf.serving.base_folder import require_base_folder, without_version
from centernet_tf.serving.batcher import Batcher, Closed
from centernet_tf.serving.faults import Busy, NotFound, ServingFault
from centernet_tf.serving.served_version import DEFAULT_SIGNATURE, ServedVersion


class VersionStatus(NamedTuple):
    """What became of a version: LOADING, AVAILABLE, UNLOADING or END, and a fault or ''."""

    number: int
    state: str
    fault: str = ""


class _Serving(NamedTuple):
    version: ServedVersion
    batcher: Batcher


class ServedModel:
    """A folder of versions, of which one is served.

    A new version is loaded beside the old one, warmed up, and takes over; the old one answers what
    it was asked before and goes. A version that does not load leaves the old one where it is, and
    is tried again when its files change.

    Args:
      name: of the model.
      base_path: folder of the versions.
      options: `ServingOptions`.
      metrics: `ServingMetrics`.
    """

    def __init__(self, name: str, base_path: str, options, metrics):
        self.name, self.base_path = name, base_path
        self._options, self._metrics = options, metrics
        self._lock = threading.Lock()
        self._serving: Optional[_Serving] = None
        self._statuses = {}
        self._broken = {}
        self._stopped = threading.Event()
        self._poller = threading.Thread(target=self._poll_forever, name="versions", daemon=True)

    def start(self) -> None:
        """Loads the highest version that can be loaded, then looks for new ones for ever.

        Raises:
          UserError: there is none.
        """
        require_base_folder(self.base_path)
        self.poll()
        faults = [status.fault for status in self.statuses() if status.fault]
        if self._serving is None:
            raise UserError(" ".join(faults) or without_version(self.base_path))
        for fault in faults:
            logging.error("%s", fault)
        self._poller.start()

    def stop(self) -> None:
        """Finishes what is being answered and lets the model go."""
        self._stopped.set()
        if self._poller.is_alive():
            self._poller.join()
        with self._lock:
            serving, self._serving = self._serving, None
        if serving:
            self._retire(serving)

    def abandon(self) -> None:
        """Refuses what is being answered, and waits for nothing."""
        self._stopped.set()
        with self._lock:
            serving, self._serving = self._serving, None
        if serving:
            serving.batcher.abandon()

    def poll(self) -> None:
        """Looks at the folder once and takes the highest version that loads and is not served."""
        try:
            found = version_folders(self.base_path)
        except OSError as error:
            logging.warning("Cannot look for versions in %s: %s.", self.base_path, error.strerror)
            return
        for number, name in reversed(found):
            if self._serving and number == self._serving.version.number:
                return
            folder = os.path.join(self.base_path, name)
            mark = _fingerprint(folder)
            if self._broken.get(number) == mark:
                continue
            if self._replace(folder, number):
                # TensorFlow's objects refer to each other in rings, and the old version is large.
                gc.collect()
                return
            self._broken[number] = mark

    def current(self, number: Optional[int] = None) -> ServedVersion:
        """Returns the version that is served.

        Raises:
          NotFound: another one was asked for.
          Busy: none is.
        """
        return self._find(number).version

    def predict(self, signature: str, inputs, number: Optional[int], deadline: float):
        """Answers one request.

        Args:
          signature: its name; '' is the default one.
          inputs: f(ServedVersion, signature) -> arrays by name.
          number: of the version, None for the one that is served.
          deadline: in `time.monotonic()`.

        Returns:
          (outputs, version number).

        Raises:
          ServingFault: it cannot be answered.
        """
        signature = signature or DEFAULT_SIGNATURE
        while True:
            version, batcher = self._find(number)
            arrays = inputs(version, signature)
            rows = version.check(signature, arrays)
            try:
                outputs = batcher.submit(signature, arrays, rows, deadline)
            except Closed:
                continue
            if "image_status" in outputs:
                self._metrics.images(outputs["image_status"])
            return outputs, version.number

    def statuses(self, number: Optional[int] = None) -> List[VersionStatus]:
        """Returns what is known of a version or of all, the newest first.

        Raises:
          NotFound: there is no such version.
        """
        with self._lock:
            known = [self._statuses[each] for each in sorted(self._statuses, reverse=True)]
        if number is None:
            return known
        asked = [status for status in known if status.number == number]
        if not asked:
            raise NotFound(f"The model '{self.name}' has no version {number}.")
        return asked

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        serving = self._serving
        return serving.batcher.waiting if serving else 0

    def _find(self, number) -> _Serving:
        serving = self._serving
        if serving is None:
            raise Busy(f"The model '{self.name}' is not loaded.")
        if number is not None and number != serving.version.number:
            raise NotFound(
                f"The model '{self.name}' does not serve version {number}; it serves "
                f"{serving.version.number}."
            )
        return serving

    def _replace(self, folder: str, number: int) -> bool:
        """Loads a version beside the one that is served and swaps them; says whether it did."""
        self._say(VersionStatus(number, "LOADING"))
        started = time.monotonic()
        try:
            version = ServedVersion(folder, number)
        # Loading a folder that is none of ours can fail in any way.
        except Exception as error:
            said = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(". ")
            fault = f"Cannot load version {number} in {folder}: {said}."
            self._say(VersionStatus(number, "END", fault))
            old = self._serving
            # At the start it is said when it is known whether another version loads.
            if old:
                logging.error("%s Version %d stays.", fault, old.version.number)
            return False
        new = _Serving(version, Batcher(version.run, self._options, self._metrics))
        with self._lock:
            old, self._serving = self._serving, new
        self._say(VersionStatus(number, "AVAILABLE"))
        seconds = time.monotonic() - started
        print(f"Serving version {number} of {self.name}, loaded in {seconds:.1f} s.", flush=True)
        if old:
            self._retire(old)
        return True

    def _retire(self, old: _Serving) -> None:
        number = old.version.number
        self._say(VersionStatus(number, "UNLOADING"))
        old.batcher.close()
        self._say(VersionStatus(number, "END"))

    def _say(self, status: VersionStatus) -> None:
        with self._lock:
            self._statuses[status.number] = status

    def _poll_forever(self) -> None:
        while not self._stopped.wait(self._options.poll_seconds):
            try:
                self.poll()
            except ServingFault as error:
                logging.error("%s", error.sentence)


def _fingerprint(folder: str):
    """Tells whether the files of a version have changed."""
    marks = []
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                status = os.stat(os.path.join(path, name))
            except OSError:
                continue
            marks.append((os.path.join(path, name), status.st_mtime_ns, status.st_size))
    return tuple(sorted(marks))
