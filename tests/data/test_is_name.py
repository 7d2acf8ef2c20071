import pytest

from centernet_tf.data.is_name import is_name


@pytest.mark.parametrize("value", ["", None, 3, "\ud800", ["a"]])
def test_what_is_no_name(value):
    assert is_name("ölkännchen") and not is_name(value)
