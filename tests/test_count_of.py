"""Numbers of things."""

import pytest

from centernet_tf.count_of import count_of


@pytest.mark.parametrize(
    "number, thing, words",
    [
        (0, "image", "0 images"),
        (1, "image", "1 image"),
        (2, "unreadable image", "2 unreadable images"),
        (1, "box", "1 box"),
        (3, "box", "3 boxes"),
        (2, "class", "2 classes"),
        (2, "epoch", "2 epochs"),
        (2, "finished epoch", "2 finished epochs"),
    ],
)
def test_the_noun_agrees_with_the_number(number, thing, words):
    assert count_of(number, thing) == words
