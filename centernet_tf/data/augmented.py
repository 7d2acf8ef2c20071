"""What every augmentation recipe returns."""

from typing import NamedTuple

import tensorflow as tf

from centernet_tf.ops.color import ColorAffine


class Augmented(NamedTuple):
    """A training image in the frame of the network input.

    Attributes:
      image: float32 [H, W, 3], RGB, about 0..255.
      color: `ColorAffine` still to be applied; the pipeline merges it with the normalisation, so
        that both cost one pass.
      boxes_px: float32 [N, 4], yxyx, input pixels; may overhang unless the recipe clips.
      classes: int32 [N].
      keep: bool [N], False for objects that the recipe drops.
    """

    image: tf.Tensor
    color: ColorAffine
    boxes_px: tf.Tensor
    classes: tf.Tensor
    keep: tf.Tensor
