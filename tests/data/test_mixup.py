"""Mix-up against the mean of two coloured images."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.data import mixup
from centernet_tf.data.augmented import Augmented
from centernet_tf.errors import UserError
from centernet_tf.ops.color import ColorAffine, identity_color


@pytest.fixture
def images(rng):
    def image(count):
        return Augmented(
            image=tf.constant(rng.uniform(0, 255, (16, 24, 3)), tf.float32),
            color=ColorAffine(
                *(tf.constant(rng.normal(0, 1, s), tf.float32) for s in ((3, 3), (3,)))
            ),
            boxes_px=tf.constant(rng.uniform(-5, 30, (count, 4)), tf.float32),
            classes=tf.constant(rng.integers(0, 9, count), tf.int32),
            keep=tf.constant(rng.uniform(size=count) < 0.5),
        )

    return [image(5), image(3)]


def test_blending_equals_the_mean_and_keeps_all_objects(images):
    mapped = next(
        iter(tf.data.Dataset.from_tensors(tuple(images)).map(lambda *two: mixup.blend(two)))
    )
    colored = [
        each.image.numpy() @ each.color.matrix.numpy() + each.color.bias.numpy() for each in images
    ]
    for ours in (mixup.blend(images), mapped):
        np.testing.assert_allclose(ours.image, np.mean(colored, axis=0), rtol=1e-4, atol=1e-2)
        for name in ("boxes_px", "classes", "keep"):
            expected = np.concatenate([getattr(each, name) for each in images])
            np.testing.assert_array_equal(getattr(ours, name), expected)
        for part, same in zip(ours.color, identity_color()):
            np.testing.assert_array_equal(part, same)


def test_a_wrong_probability_is_explained():
    with pytest.raises(UserError, match="augmentation.mixup is a probability from 0 to 1; got -1"):
        load_config([], ["data.augmentation.mixup=-1.0"])
