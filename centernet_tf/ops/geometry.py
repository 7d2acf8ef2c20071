"""The axis-aligned map between an image and the network input, and the warp that follows it.

A transform is float32 [..., 3] = (scale, shift_y, shift_x): a point p of the image, in pixels, lies
at `scale * p + shift` in the network input. Pixel centres are at integers in both frames, without a
half-pixel shift, as in the original CenterNet (its `get_affine_transform` and `cv2.warpAffine`).
"""

import tensorflow as tf


def letterbox_transform(image_size, input_size, scale=1.0):
    """Returns the transform that fits an image centred in the input, its aspect ratio kept.

    For a square input it equals the original's `fix_res` test transform with centre (W/2, H/2) and
    extent max(H, W); for others it takes the tighter side, where the original looks at the width
    alone.

    Args:
      image_size: int or float [..., 2], (height, width) in pixels.
      input_size: (height, width) of the network input in pixels.
      scale: of a multi-scale test. The original resizes the image first, to whole pixels and with
        half-pixel centres, and letterboxes that with the unscaled image's transform; this is both
        in one.

    Returns:
      float32 [..., 3] transform.
    """
    image_size = tf.cast(image_size, tf.float32)
    input_size = tf.constant([float(side) for side in input_size], tf.float32)
    fit = tf.reduce_min(input_size / image_size, axis=-1, keepdims=True)
    resized = image_size if scale == 1.0 else tf.floor(image_size * scale)
    shift = input_size / 2.0 + fit * (0.5 * (scale - 1.0) - resized / 2.0)
    return tf.concat([scale * fit, shift], axis=-1)


def transform_boxes(boxes, transform):
    """Maps boxes [..., N, 4] yxyx by transforms [..., 3]; boxes stay float32 yxyx pixels."""
    scale, shift = transform[..., tf.newaxis, :1], transform[..., tf.newaxis, 1:]
    return boxes * scale + tf.concat([shift, shift], axis=-1)


def inverse_transform_boxes(boxes, transform):
    """Maps boxes [..., N, 4] yxyx of the network input back to the image."""
    scale, shift = transform[..., tf.newaxis, :1], transform[..., tf.newaxis, 1:]
    return (boxes - tf.concat([shift, shift], axis=-1)) / scale


def warp_images(images, transforms, output_size):
    """Warps a batch bilinearly, with 0 outside the image.

    `tf.image.crop_and_resize` samples at integer pixel centres, which is the originals' convention
    (OpenCV's `warpAffine` also rounds the position to 1/32 pixel and the value to uint8; this does
    not). As there, a sample between the last pixel and the outside is 0 instead of blended.

    Args:
      images: uint8 or float32 [B, H, W, C].
      transforms: float32 [B, 3], image to output.
      output_size: (height, width) in pixels.

    Returns:
      float32 [B, height, width, C] in the range of `images`.
    """
    size = tf.cast(tf.shape(images)[1:3], tf.float32)
    last = tf.constant([side - 1.0 for side in output_size], tf.float32)
    scale, shift = transforms[:, :1], transforms[:, 1:]
    corners = tf.concat([-shift / scale, (last - shift) / scale], axis=-1)
    # crop_and_resize divides by size - 1; a one-pixel side has no extent to divide by.
    extent = tf.maximum(size - 1.0, 1.0)
    corners = draw_in(corners / tf.concat([extent, extent], axis=0))
    return tf.image.crop_and_resize(
        images,
        corners,
        tf.range(tf.shape(images)[0]),
        list(output_size),
        method="bilinear",
        extrapolation_value=0.0,
    )


def draw_in(corners):
    """Moves normalised samples towards the middle, those on the edge by a millionth of the image.

    Where an image reaches its border in the output, its last row lies exactly on the edge; rounded
    the other way it would lie outside and turn black.
    """
    return 0.5 + (corners - 0.5) * (1.0 - 2e-6)
