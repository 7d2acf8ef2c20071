"""No augmentation: training sees what evaluation sees."""

import tensorflow as tf

from centernet_tf.data.augmented import Augmented
from centernet_tf.data.letterbox import read_letterbox
from centernet_tf.ops.color import identity_color
from centernet_tf.ops.geometry import transform_boxes


def augment(sample, input_size, options, seed) -> Augmented:
    """Letterboxes one sample; arguments as in `augment_original.augment`, the last two ignored."""
    del options, seed
    image, transform = read_letterbox(sample.image, input_size)
    return Augmented(
        image=image,
        color=identity_color(),
        boxes_px=transform_boxes(sample.boxes_px, transform),
        classes=sample.classes,
        keep=tf.ones_like(sample.is_crowd),
    )
