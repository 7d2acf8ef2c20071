"""A small data set of drawn shapes that the tests of training share."""

import pytest

from centernet_tf.data.convert import convert
from centernet_tf.data.convert_options import ConvertOptions
from centernet_tf.data.sources import shapes_splits


@pytest.fixture(scope="session", name="records")
def draw_records(tmp_path_factory):
    """The folder of 12 training and 4 validation images of 64x64; not to be changed."""
    folder = str(tmp_path_factory.mktemp("records"))
    convert(shapes_splits(folder, 12, 4, (64, 64), 1), folder, ConvertOptions(source={}))
    return folder
