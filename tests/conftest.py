"""What every test may use: quiet dependencies, the development data, seeded randomness."""

import os
import pathlib

import numpy as np
import pytest

from centernet_tf.quiet import silence_dependencies

silence_dependencies()


@pytest.fixture(scope="session")
def testdata() -> pathlib.Path:
    """The folder of golden vectors and real images, which is not part of the package."""
    folder = os.environ.get("CENTERNET_TF_TESTDATA", "")
    if not folder:
        pytest.skip(
            "CENTERNET_TF_TESTDATA does not name the folder of golden vectors and real images"
        )
    if not os.path.isdir(folder):
        pytest.fail(f"CENTERNET_TF_TESTDATA={folder} is no folder")
    return pathlib.Path(folder).resolve()


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator that starts afresh for each test, so that no test depends on another's draws."""
    return np.random.default_rng(17)
