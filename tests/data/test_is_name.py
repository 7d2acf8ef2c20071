import pytest

from centernet_tf.data.is_name import is_name


@pytest.mark.parametrize(
    "value",
    ["", None, 3, "\ud800", ["a"], "  ", "\u3000", "a\nb", "a\tb", "a\x7f", "a\u2028b"],
)
def test_what_is_no_name(value):
    assert not is_name(value)


@pytest.mark.parametrize("value", ["ölkännchen", "traffic light", "日本\u3000語", "a\u00a0b", "🚦"])
def test_what_is_a_name(value):
    assert is_name(value)
