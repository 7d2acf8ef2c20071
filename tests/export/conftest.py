"""What the tests of this folder share."""

import pytest

from centernet_tf.export.options import DEFAULT_OPTIONS
from centernet_tf.export.saved_model import export_saved_model
from centernet_tf.export.tflite import export_tflite
from centernet_tf.export.tflite_options import TFLiteOptions
from tests.export.tiny_detector import make_trained
from tests.export.tiny_records import with_records

TFLITE_KINDS = {
    "int8": TFLiteOptions(variant="int8", max_ap_drop=1.0),
    "raw": TFLiteOptions(head="raw"),
}


@pytest.fixture(scope="session")
def trained():
    """A tiny CenterNet with input 64x96."""
    return make_trained()


@pytest.fixture(scope="session")
def version_folder(trained, tmp_path_factory):
    """Its export, made once: writing the graphs takes seconds."""
    return export_saved_model(trained, str(tmp_path_factory.mktemp("export") / "served"))


@pytest.fixture(scope="session")
def learned(trained, tmp_path_factory):
    """The tiny detector with a data set."""
    return with_records(trained, str(tmp_path_factory.mktemp("records")))


@pytest.fixture(scope="session")
def tflite_paths(learned, tmp_path_factory):
    """Its TFLite files by kind, int8 and raw, made once."""
    folder = tmp_path_factory.mktemp("variants")
    return {
        name: export_tflite(learned, str(folder / f"{name}.tflite"), DEFAULT_OPTIONS, options)
        for name, options in TFLITE_KINDS.items()
    }
