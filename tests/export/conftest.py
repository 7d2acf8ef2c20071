"""What the tests of this folder share."""

import pytest

from centernet_tf.export.saved_model import export_saved_model
from tests.export.tiny_detector import make_trained


@pytest.fixture(scope="session")
def trained():
    """A tiny CenterNet with input 64x96."""
    return make_trained()


@pytest.fixture(scope="session")
def version_folder(trained, tmp_path_factory):
    """Its export, made once: writing the graphs takes seconds."""
    return export_saved_model(trained, str(tmp_path_factory.mktemp("export") / "served"))
