from centernet_tf.data.annotations import Category
from centernet_tf.data.problems import REASONS, ProblemReport
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
    meaning = REASONS["zero_area"].meaning
    assert f"zero_area ({meaning}): 0.jpg: what was found; also 1.jpg, 2.jpg" in sentence
    assert "2 of 200 images" in too_many_problems({"train": report(missing_image=2)}, 0.005)


def test_ten_files_are_named_and_the_way_to_all():
    lost = report(missing_image=12)
    sentence = too_many_problems({"train": lost}, 0.01)
    names = ", ".join(f"{number}.jpg" for number in range(1, 10))
    assert f": 0.jpg: what was found; also {names}, 2 others. Correct" in sentence
    assert "to leave them out (with 1, report.json names them all); no data" in sentence


def test_each_reason_names_files():
    mixed = report(zero_area=3, unknown_class=20, duplicate_box=2, swapped_corners=1)
    mixed.add("zero_area", "0.jpg", "another one of the same file")
    sentence = too_many_problems({"train": mixed}, 0.01)
    assert (
        "unknown_class (class that the category list does not hold): 0.jpg: what was found; "
        in (sentence)
    )
    assert "also 1.jpg, 18 others. zero_area (" in sentence
    assert "also 1.jpg, 1 other. duplicate_box (" in sentence
    assert "maximum corner): 0.jpg: what was found. Correct" in sentence


def test_annotations_without_a_file_name_are_quoted():
    orphans = report()
    for number in range(20):
        orphans.add("annotation_without_image", "", f"gone.txt: {number}")
    sentence = too_many_problems({"train": orphans}, 0.01)
    assert ": gone.txt: 0; also gone.txt: 1, " in sentence and ", 10 others." in sentence


def test_what_is_lost_altogether_is_told_without_a_fraction():
    lost = report(images=2, missing_image=2)
    lost.images_written = 0
    for fraction in (0.5, 1.0):
        sentence = too_many_problems({"train": lost}, fraction)
        assert "missing_image (annotated, but there is no such image file): 0.jpg" in sentence
        assert "1.jpg" in sentence and "report.json" not in sentence


def test_names_of_any_kind_stay_in_one_line():
    odd = report()
    odd.add("unsafe_path", "0\n\udce4.jpg")
    odd.add("unsafe_path", "x" * 5000)
    sentence = too_many_problems({"train": odd}, 0.0)
    assert ": 0\\n\\udce4.jpg; also xxx" in sentence and len(sentence) < 1000
