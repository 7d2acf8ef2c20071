"""Mix-up: two augmented images blended half and half, with the objects of both."""

import tensorflow as tf

from centernet_tf.data.augmented import Augmented
from centernet_tf.ops.color import ColorAffine, apply_color, identity_color

PARTNERS = 1


def blend(images) -> Augmented:
    """Blends two augmented images.

    Args:
      images: two `Augmented` of the same size; the colour change of each is applied before.

    Returns:
      `Augmented` with the objects of both, as they were, and no colour change to be done.
    """
    halves = [apply_color(image.image, half_color(image.color)) for image in images]
    return Augmented(
        image=halves[0] + halves[1],
        color=identity_color(),
        boxes_px=tf.concat([image.boxes_px for image in images], axis=0),
        classes=tf.concat([image.classes for image in images], axis=0),
        keep=tf.concat([image.keep for image in images], axis=0),
    )


def half_color(color):
    """Returns the `ColorAffine` that halves what `color` gives."""
    return ColorAffine(0.5 * color.matrix, 0.5 * color.bias)
