"""Values of settings, read as their types and named in plain words."""

from typing import List

import pytest

from centernet_tf.setting_types import quote, read_as, type_name


@pytest.mark.parametrize(
    "value, hint, expected",
    [
        (3, int, 3),
        (3, float, 3.0),
        ("5e-4", float, 5e-4),
        (3, str, "3"),
        (True, bool, True),
        (True, str, "on"),
        (False, str, "off"),
        ([1, 2], List[int], [1, 2]),
        ((1, "2e0"), List[float], [1.0, 2.0]),
        ([], List[str], []),
    ],
)
def test_what_fits_is_read(value, hint, expected):
    found = read_as(value, hint)
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize(
    "value, hint",
    [
        ("many", int),
        (3.0, int),
        (True, int),
        (True, float),
        ("fast", float),
        (None, float),
        (["a"], str),
        (None, str),
        (1, bool),
        ("yes", bool),
        (3, List[int]),
        ([1, "a"], List[int]),
        ([[1]], List[int]),
    ],
)
def test_what_does_not_fit_is_refused(value, hint):
    with pytest.raises(ValueError):
        read_as(value, hint)


@pytest.mark.parametrize(
    "hint, name",
    [
        (int, "a whole number"),
        (float, "a number"),
        (str, "text"),
        (bool, "true or false"),
        (List[int], "a list of whole numbers"),
        (List[float], "a list of numbers"),
        (List[str], "a list of texts"),
    ],
)
def test_types_have_plain_names(hint, name):
    assert type_name(hint) == name


def test_values_are_quoted_as_they_were_written():
    assert [quote(value) for value in (None, True, "a", 3, ["a"])] == [
        "nothing",
        "true",
        "'a'",
        "3",
        "['a']",
    ]
