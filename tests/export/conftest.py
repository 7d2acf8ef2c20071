"""What the tests of this folder share."""

import pytest

from tests.export.tiny_detector import make_trained


@pytest.fixture(scope="session")
def trained():
    """A tiny CenterNet with input 64x96."""
    return make_trained()
