import pytest

from centernet_tf.data.safe_path import path_fault, path_inside, separator_hint


@pytest.mark.parametrize(
    "name",
    ["a.jpg", "a b.jpg", "grün/日本.png", "..a.jpg", "a..b", "12:30.jpg", "a/./b.jpg", "a\\b"],
)
def test_ordinary_names_are_kept(name):
    assert path_inside("images", name) == f"images/{name}"


@pytest.mark.parametrize(
    "name",
    ["..", "../x", "a/../b", "a\\..\\b", "/x", "\\x", "~/x", "C:\\x", "c:/x", "s3://b/x", "../\0"],
)
def test_names_that_lead_elsewhere_are_refused(name):
    assert path_inside("images", name) is None
    assert path_fault(name) == ("unsafe_path", "")


@pytest.mark.parametrize(
    "name, why",
    [
        ("", "blank"),
        (" ", "blank"),
        ("a\0", "control characters"),
        ("a\n", "control characters"),
        ("a/\udc80", "not UTF-8"),
        ("a" * 256, "longer than 255 bytes"),
        ("ö" * 128 + "/a", "longer than 255 bytes"),
    ],
)
def test_names_that_are_none_are_refused(name, why):
    assert path_inside("images", name) is None
    reason, detail = path_fault(name)
    assert reason == "unusable_name" and why in detail


def test_backslashes_are_told():
    assert "'\\'" in separator_hint("a\\b.jpg") and separator_hint("a/b.jpg") == ""
