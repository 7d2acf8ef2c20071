"""The contract with servers and clients: what TensorFlow's own tools see in an export."""

import contextlib
import io
import pathlib
import re

import pytest
import tensorflow as tf
from tensorflow.python.client import session
from tensorflow.python.saved_model import loader
from tensorflow.python.tools import saved_model_cli

from centernet_tf.export.image_status import DAMAGED, GOOD, UNKNOWN_FORMAT
from tests.export.tiny_detector import encode, textured_image

GOLDEN = pathlib.Path(__file__).parent / "golden" / "saved_model_cli_show.txt"


def normalized(text):
    """Without the set of operations, which has no order, and without space at the ends of lines."""
    text = re.sub(r"The MetaGraph with tag set .* contains the following ops: .*\n", "", text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n"


def test_what_saved_model_cli_shows_is_what_it_showed(version_folder):
    """After a change that is meant, store what `saved_model_cli show --dir=... --all` prints."""
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        saved_model_cli._show_all(version_folder)
    assert normalized(stream.getvalue()) == GOLDEN.read_text()


@pytest.mark.filterwarnings("ignore")
def test_a_session_runs_it_as_the_server_does(version_folder):
    """TensorFlow Serving has no Python and no eager execution: it runs graphs in sessions."""
    images = [encode(textured_image(64, 96)), b"nothing", encode(textured_image(9, 9))[:40]]
    with session.Session(graph=tf.Graph()) as running:
        signature = loader.load(running, ["serve"], version_folder).signature_def["serving_default"]
        outputs = {name: info.name for name, info in signature.outputs.items()}
        found = running.run(outputs, {signature.inputs["image_bytes"].name: images})
    eager = tf.saved_model.load(version_folder).signatures["serving_default"](image_bytes=images)
    assert found["image_status"].tolist() == [GOOD, UNKNOWN_FORMAT, DAMAGED]
    for name, values in eager.items():
        if values.dtype == tf.float32:
            assert abs(found[name] - values.numpy()).max() < 1e-5
