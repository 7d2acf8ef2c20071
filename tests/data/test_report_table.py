from centernet_tf.data.annotations import Category
from centernet_tf.data.problems import ProblemReport
from centernet_tf.data.report_table import report_table, too_many_problems


def report(images=200, boxes=1000, **problems):
    made = ProblemReport()
    made.images_read = made.images_written = images
    made.boxes_read = made.boxes_written = boxes
    made.boxes_by_class["cat"] = boxes
    for reason, count in problems.items():
        for number in range(count):
            made.add(reason, f"{number}.jpg", "what was found")
    return made


def test_table_has_a_column_a_split():
    reports = {"train": report(clipped=3), "val": report(images=5, boxes=7)}
    lines = report_table(reports, [Category(1, "cat"), Category(2, "dog")]).split("\n")
    assert [line.split() for line in lines[:5]] == [
        ["train", "val"],
        ["images", "200", "5"],
        ["boxes", "1000", "7"],
        ["cat", "1000", "7"],
        ["dog", "0", "0"],
    ]
    assert lines[5].split()[:4] == ["clipped", "3", "0", "kept:"]
    assert len(lines) == 6


def test_kept_problems_never_fail():
    kept = report(clipped=1000, image_without_boxes=200, oriented=200, size_differs=200)
    assert too_many_problems({"train": kept}, 0.0) == ""


def test_fraction_counts_what_is_left_out():
    reports = {"train": report(), "val": report(zero_area=6, unknown_class=5)}
    assert too_many_problems(reports, 0.011) == ""
    sentence = too_many_problems(reports, 0.0109)
    assert "11 of 1000 boxes of split 'val'" in sentence
    assert "(zero_area 6, unknown_class 5)" in sentence
    assert "0.jpg: what was found" in sentence
    assert "2 of 200 images" in too_many_problems({"train": report(missing_image=2)}, 0.005)
