"""Reading an image whole, centred in the network input."""

from centernet_tf.data.encoded_image import read_pixels
from centernet_tf.ops.geometry import letterbox_transform, warp_images


def read_letterbox(image, input_size, scale=1.0):
    """Decodes an image and fits it into the input.

    Args:
      image: `EncodedImage`.
      input_size: (height, width) in pixels.
      scale: of a multi-scale test; see `letterbox_transform`.

    Returns:
      (float32 [height, width, 3], RGB, 0..255, black outside; transform float32 [3], see
      `ops.geometry`).
    """
    transform = letterbox_transform(image.size, input_size, scale)
    pixels = read_pixels(image)
    return warp_images(pixels[None], transform[None], input_size)[0], transform
