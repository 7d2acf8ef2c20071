"""What every decoder returns."""

from typing import NamedTuple

import tensorflow as tf


class Detections(NamedTuple):
    """Detections of a batch, best first, static shapes.

    Attributes:
      boxes: float32 [B, K, 4], yxyx, pixels of the network input unless the holder's name says
        otherwise.
      scores: float32 [B, K] in 0..1, falling.
      classes: int32 [B, K], contiguous ids 0..C-1.
      count: int32 [B], how many leading rows are meant; the rest is padding with score 0.
    """

    boxes: tf.Tensor
    scores: tf.Tensor
    classes: tf.Tensor
    count: tf.Tensor
