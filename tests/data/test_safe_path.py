import pytest

from centernet_tf.data.safe_path import path_inside


@pytest.mark.parametrize(
    "name",
    ["a.jpg", "a b.jpg", "grün/日本.png", "..a.jpg", "a..b", "12:30.jpg", "a/./b.jpg", "a\\b"],
)
def test_ordinary_names_are_kept(name):
    assert path_inside("images", name) == f"images/{name}"


@pytest.mark.parametrize(
    "name",
    ["", " ", "..", "../x", "a/../b", "a\\..\\b", "/x", "\\x", "~/x", "C:\\x", "c:/x", "s3://b/x"]
    + ["a\0", "a\n", "\udc80", "a" * 256],
)
def test_names_that_lead_elsewhere_are_refused(name):
    assert path_inside("images", name) is None
