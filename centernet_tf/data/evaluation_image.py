"""An image as the evaluation feeds it to the network."""

from centernet_tf.data.keep_resolution import read_keep_resolution
from centernet_tf.data.letterbox import read_letterbox
from centernet_tf.ops.color import apply_color, normalization_color


def read_evaluation_image(image, config, scale: float = 1.0):
    """Decodes an image, fits it into the input or a canvas of its own, and normalises it.

    Args:
      image: `EncodedImage`.
      config: `ExperimentConfig`; evaluation.resolution says which.
      scale: of a multi-scale test.

    Returns:
      (float32 [H, W, 3] in data.channel_order; transform float32 [3], image to input, see
      `ops.geometry`).
    """
    data = config.data
    if config.evaluation.resolution == "keep":
        # By how much the input is less than a multiple, so is the canvas: 1 of 511.
        less = [-side % 32 for side in data.input_size]
        pixels, transform = read_keep_resolution(image, config.evaluation.pad_multiple, scale, less)
    else:
        pixels, transform = read_letterbox(image, data.input_size, scale)
    normalization = normalization_color(data.channel_order, data.mean, data.std)
    return apply_color(pixels, normalization), transform
