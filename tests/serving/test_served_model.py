"""Versions that come, go and break while requests are answered."""

import os
import threading
import time

import numpy as np
import pytest

from centernet_tf.errors import UserError
from centernet_tf.serving.faults import NotFound
from centernet_tf.serving.metrics import ServingMetrics
from centernet_tf.serving.options import ServingOptions
from centernet_tf.serving.served_model import ServedModel
from tests.serving.toy_model import save_toy


@pytest.fixture
def base(tmp_path):
    path = tmp_path / "toy"
    path.mkdir()
    save_toy(str(path), 3, offset=300.0)
    return path


@pytest.fixture
def make_model(base):
    models = []

    def make(poll_seconds=1000.0):
        options = ServingOptions(poll_seconds=poll_seconds)
        models.append(ServedModel("toy", str(base), options, ServingMetrics()))
        models[-1].start()
        return models[-1]

    yield make
    for model in models:
        model.stop()


def score(model, number=None):
    inputs = {"image_bytes": np.array([b"abc"], object)}
    outputs, served = model.predict("", lambda *_: inputs, number, time.monotonic() + 10)
    assert outputs["detection_scores"][0, 0] == 3.0 + 100.0 * served
    return served


def states(model):
    return {status.number: status.state for status in model.statuses()}


def test_numbers_may_begin_with_zeros(base, make_model):
    (base / "3").rename(base / "00000003")
    assert score(make_model()) == 3


def test_a_new_version_takes_over_and_the_old_one_goes(base, make_model):
    model = make_model()
    assert score(model) == 3 and score(model, 3) == 3
    save_toy(str(base), 5, offset=500.0)
    assert score(model) == 3
    model.poll()
    assert score(model) == 5
    assert states(model) == {5: "AVAILABLE", 3: "END"}
    with pytest.raises(NotFound, match="does not serve version 3; it serves 5"):
        score(model, 3)


@pytest.mark.parametrize("content", [b"half of it", b"", b"\x08\x01"])
def test_a_broken_version_leaves_the_old_one_and_says_why(base, make_model, caplog, content):
    model = make_model()
    (base / "4").mkdir()
    (base / "4" / "saved_model.pb").write_bytes(content)
    model.poll()
    assert score(model) == 3
    assert states(model) == {4: "END", 3: "AVAILABLE"}
    assert "Cannot load version 4" in model.statuses(4)[0].fault
    assert "4/saved_model.pb is cut off or damaged; copy or exp" in model.statuses(4)[0].fault
    assert "Version 3 stays." in caplog.text
    caplog.clear()
    model.poll()
    assert caplog.text == ""


def test_a_version_whose_copy_was_not_complete_is_tried_again(base, make_model, tmp_path):
    model = make_model()
    (base / "4").mkdir()
    model.poll()
    assert states(model)[4] == "END"
    save_toy(str(tmp_path), 9, offset=400.0)
    for name in os.listdir(tmp_path / "9"):
        os.rename(tmp_path / "9" / name, base / "4" / name)
    model.poll()
    assert score(model) == 4


def test_at_the_start_the_highest_version_that_loads_is_taken(base, make_model, caplog):
    (base / "10").mkdir()
    (base / "notes").mkdir()
    assert score(make_model()) == 3
    assert caplog.text.count("Cannot load version 10") == 1


def test_new_versions_are_found_without_being_told(base, make_model):
    model = make_model(poll_seconds=0.02)
    save_toy(str(base), 4, offset=400.0)
    end = time.monotonic() + 20
    while score(model) != 4:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_no_request_fails_while_versions_change(base, make_model):
    model, faults, served = make_model(), [], []
    stopped = threading.Event()

    def ask():
        try:
            while not stopped.is_set():
                served.append(score(model))
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in (4, 5, 6):
        save_toy(str(base), number, offset=100.0 * number)
        model.poll()
    stopped.set()
    for thread in threads:
        thread.join()
    assert faults == [] and score(model) == 6
    assert served[0] == 3 and set(served) <= {3, 4, 5, 6}


def test_no_usable_version_is_one_sentence(tmp_path, caplog):
    def start(path):
        ServedModel("toy", str(path), ServingOptions(), ServingMetrics()).start()

    with pytest.raises(UserError, match="There is no folder .*nowhere"):
        start(tmp_path / "nowhere")
    with pytest.raises(UserError, match="holds no version .* yet; export one"):
        start(tmp_path)
    (tmp_path / "1").mkdir()
    with pytest.raises(UserError, match="Cannot load version 1 in .*/1: "):
        start(tmp_path)
    (tmp_path / "2").mkdir()
    with pytest.raises(UserError, match="^Cannot load version 2 .* Cannot load version 1 in "):
        start(tmp_path)
    # What is raised is printed; it need not be read twice.
    assert caplog.text == ""
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"")
    with pytest.raises(UserError, match="is a version itself; give the folder"):
        start(tmp_path / "1")
