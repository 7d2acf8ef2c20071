"""The report of make_tfrecords, when there is one."""

import json

import pytest

from centernet_tf.data.problems import ProblemReport
from centernet_tf.evaluation.conversion_problems import conversion_problems


def write(folder, document):
    (folder / "report.json").write_text(json.dumps(document), encoding="utf-8")


def test_counts_and_three_names_of_each(tmp_path):
    report = ProblemReport()
    for number in range(5):
        report.add("zero_area", f"{number // 2}.jpg", "x")
    report.add("clipped", "<b>.jpg")
    write(tmp_path, {"train": report.as_dict(), "val": ProblemReport().as_dict()})
    first, second = conversion_problems(str(tmp_path), "train")
    assert (first.reason, first.count, first.left_out) == ("zero_area", 5, True)
    assert first.examples == ["0.jpg", "1.jpg", "2.jpg"]
    assert (second.reason, second.count, second.left_out) == ("clipped", 1, False)
    assert second.examples == ["<b>.jpg"] and "clipped to the image" in second.meaning
    assert conversion_problems(str(tmp_path), "train", 1)[0].examples == ["0.jpg"]
    assert conversion_problems(str(tmp_path), "val") == []
    assert conversion_problems(str(tmp_path), "test") is None


@pytest.mark.parametrize(
    "document", [[], {"train": 3}, {"train": {}}, {"train": {"problems": {"a": {}}}}, None]
)
def test_a_report_of_another_form_is_none(tmp_path, document):
    write(tmp_path, document)
    assert conversion_problems(str(tmp_path), "train") is None


def test_no_report_or_a_broken_one(tmp_path):
    assert conversion_problems(str(tmp_path), "train") is None
    (tmp_path / "report.json").write_text('{"train":')
    assert conversion_problems(str(tmp_path), "train") is None
