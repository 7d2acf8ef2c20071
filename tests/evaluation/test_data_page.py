"""The page of a split is whole, self-contained, and says what was found."""

import re

import pytest

from centernet_tf.config import load_config
from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.problems import ProblemReport
from centernet_tf.errors import UserError
from centernet_tf.evaluation.data_page import require_place, write_data_page
from centernet_tf.evaluation.inspection import inspect_split
from tests.evaluation.scenes import CATEGORIES
from tests.evaluation.test_html_page import check_page
from tests.evaluation.tiny_records import write_records


def page_of(folder, count, *overrides, **records):
    manifest = load_manifest(write_records(folder, count, **records))
    config = load_config([], ["data.input_size=[64,96]", *overrides])
    path = folder / "page.html"
    write_data_page(str(path), inspect_split(config, manifest))
    return path.read_text(encoding="utf-8")


def test_the_page_of_a_split_full_of_faults(tmp_path, capfd):
    report = ProblemReport()
    for name in ("<b>1.jpg", "2.jpg", "3.jpg", "4.jpg"):
        report.add("swapped_corners", name)
    settings = "model.options.max_detections=1,model.options.variant=mmdet"
    text = page_of(tmp_path, 9, settings, broken=(2,), report=report.as_dict())
    assert capfd.readouterr().err == ""
    check_page(text)
    assert not re.search(r"https?://|//[a-z]+\.", text)
    assert text.count("data:image/jpeg;base64,") == 8 + 8 + 4
    for mark_up in ("<b>&", "<i>", "<script", "<b>1.jpg"):
        assert mark_up not in text
    for category in CATEGORIES:
        assert category.name.split("<")[0] in text
    assert "<td>ring &lt;b&gt;&amp;&quot;</td>" in text
    assert "&lt;b&gt;1.jpg, 2.jpg, 3.jpg, ..." in text and "minimum corner beyond" in text
    assert text.count("is limited by model.options.max_detections=1: with 3") == 2
    assert "Training will leave out 1 record of this split: &lt;i&gt;3.png" in text
    assert "<b>9</b><span>images</span>" in text and "<b>12</b><span>objects" in text
    assert "<b>4</b><span>problems found by make_tfrecords</span>" in text


def test_the_page_of_a_sound_split_without_report(tmp_path):
    text = page_of(tmp_path, 3, "model.options.variant=mmdet")
    check_page(text)
    assert "There is no report.json" in text and "<p class='warning'>" not in text
    assert "<b>1.0000</b><span>AP ceiling</span>" in text
    assert "<td class='text'>64, 96 px</td>" in text


def test_a_split_without_any_box_has_a_page(tmp_path):
    text = page_of(tmp_path, 1)
    check_page(text)
    assert "<b>-</b><span>AP ceiling</span>" in text


def test_a_split_that_cannot_be_trained_still_has_a_page(tmp_path):
    text = page_of(tmp_path, 4, broken=(0, 1, 2, 3))
    check_page(text)
    assert "Training will leave out 4 records" in text
    assert "Training could not make a batch of this split." in text
    assert "<h2>Targets</h2>" not in text
    assert text.count("cannot be decoded</figcaption>") == 4


def test_a_page_needs_a_place(tmp_path):
    require_place(str(tmp_path / "new" / "page.html"))
    assert (tmp_path / "new").is_dir()
    with pytest.raises(UserError, match="must name an HTML file"):
        require_place(str(tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="Cannot make the folder"):
        require_place(str(tmp_path / "file" / "page.html"))
