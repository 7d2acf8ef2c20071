"""Classes of a data set in the order of a model's."""

import pytest

from centernet_tf.data.annotations import Category
from centernet_tf.data.manifest import Manifest
from centernet_tf.errors import UserError
from centernet_tf.evaluation.matched_classes import matched_classes


def manifest(*categories):
    return Manifest("records", tuple(Category(*each) for each in categories), {}, {"a": 1})


MODEL = (Category(1, "cat"), Category(2, "dog"))


def test_takes_the_models_order_and_the_data_sets_ids():
    found = matched_classes(MODEL, manifest((0, "dog"), (5, "cat")))
    assert found.class_ids == [5, 0] and found.class_names == ["cat", "dog"]
    assert found.options == {"a": 1}
    same = manifest((1, "cat"), (2, "dog"))
    assert matched_classes(MODEL, same) == same


@pytest.mark.parametrize(
    "categories, sentence",
    [
        ([(1, "cat")], "those of the data set in records cat; only the model has 'dog'"),
        ([(1, "cat"), (2, "cow")], "cat, cow; only the model has 'dog'"),
        ([(1, "cat"), (2, "dog"), (3, "cow")], "cat, dog, cow; only the data set has 'cow'"),
        ([(i, str(i)) for i in range(80)], "0, 1, 2, 3, 4, 5, ... .80.; only the model has 'cat'"),
    ],
)
def test_other_names_are_refused(categories, sentence):
    with pytest.raises(UserError, match=f"classes are cat, dog, .*{sentence}. Evaluate"):
        matched_classes(MODEL, manifest(*categories))
