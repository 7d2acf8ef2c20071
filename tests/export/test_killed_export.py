"""Exports killed at any moment: no half-written version is ever to be seen."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from centernet_tf.export.saved_model_predictor import SavedModelPredictor
from centernet_tf.export.version_folder import version_folders
from tests.export.tiny_detector import textured_image

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = """
import sys
from centernet_tf.quiet import silence_dependencies
silence_dependencies()
from centernet_tf.export import saved_model
from tests.export.tiny_detector import make_trained
saved_model.NUM_IMAGES = 1
trained = make_trained()
print("ready", flush=True)
while True:
    saved_model.export_saved_model(trained, sys.argv[1])
"""
PARTS = (
    "saved_model.pb",
    "variables/variables.index",
    "assets/labels.json",
    "assets/metadata.json",
    "assets/params.yaml",
    "assets.extra/tf_serving_warmup_requests",
)


def missing_parts(served):
    versions = version_folders(served) if os.path.isdir(served) else []
    return [
        f"{version.name}/{part}"
        for version in versions
        for part in PARTS
        if not os.path.exists(os.path.join(served, version.name, part))
    ]


@pytest.mark.slow
def test_versions_are_whole_whenever_one_looks_and_whenever_one_kills(tmp_path):
    pytest.importorskip("tensorflow_serving")
    served = str(tmp_path / "served")
    random = np.random.default_rng(11)
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, served], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        while process.stdout.readline().strip() != "ready":
            assert process.poll() is None
        end = time.monotonic() + random.uniform(0.5, 14.0)
        while time.monotonic() < end:
            assert missing_parts(served) == []
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert missing_parts(served) == []
    versions = version_folders(served)
    for version in versions:
        predictor = SavedModelPredictor(os.path.join(served, version.name))
        assert predictor.predict(textured_image(64, 96)).count > 10
    assert [version.number for version in versions] == list(range(1, len(versions) + 1))
