"""Mosaic: the corners of four augmented images around a random point of the input.

Four whole images are thought side by side, two by two, and a window of the input's size is cut out
around the point where they meet: its top left shows the bottom right corner of the first image, and
so on. The second image lies at the top right, the third and fourth below. Black that a recipe
leaves beside an image is shown like the rest of it.
"""

import tensorflow as tf

from centernet_tf.data.augmented import Augmented
from centernet_tf.ops.color import apply_color, identity_color

PARTNERS = 3

# Less of an object tells too little of where it ends.
_MIN_VISIBLE_FRACTION = 0.25
_MIN_SIDE_PX = 2.0


def compose(images, input_size, seed) -> Augmented:
    """Puts four augmented images together.

    Args:
      images: four `Augmented` of the input's size.
      input_size: (height, width) in pixels.
      seed: int32 [2]; the same seed gives the same point.

    Returns:
      `Augmented` with the objects of all four, clipped to what is seen of their images, and no
      colour change to be done.
    """
    center = random_meeting_point(input_size, seed)
    boxes_px, keep = [], []
    for i, image in enumerate(images):
        moved, visible = place_boxes(image.boxes_px, divmod(i, 2), center, input_size)
        boxes_px.append(moved)
        keep.append(image.keep & visible)
    return Augmented(
        image=tile_images(images, center, input_size),
        color=identity_color(),
        boxes_px=tf.concat(boxes_px, axis=0),
        classes=tf.concat([image.classes for image in images], axis=0),
        keep=tf.concat(keep, axis=0),
    )


def random_meeting_point(input_size, seed):
    """Draws whole pixels int32 [2], (y, x), uniformly from the middle half of the input."""
    size = tf.constant(list(input_size), tf.float32)
    uniform = tf.random.stateless_uniform([2], seed, 0.25, 0.75)
    return tf.cast(tf.round(uniform * size), tf.int32)


def tile_images(images, center, input_size):
    """Shows the corner of each of four images that is next to the meeting point.

    Args:
      images: four `Augmented`; each one's colour change is applied.
      center: int32 [2], (y, x) in input pixels.
      input_size: (height, width) in pixels.

    Returns:
      float32 [height, width, 3].
    """
    y, x = center[0], center[1]
    # What the first images show last, the others show first.
    rows = (slice(input_size[0] - y, None), slice(None, input_size[0] - y))
    columns = (slice(input_size[1] - x, None), slice(None, input_size[1] - x))
    corners = [
        apply_color(image.image[rows[i // 2], columns[i % 2]], image.color)
        for i, image in enumerate(images)
    ]
    upper, lower = tf.concat(corners[:2], axis=1), tf.concat(corners[2:], axis=1)
    return tf.ensure_shape(tf.concat([upper, lower], axis=0), [*input_size, 3])


def place_boxes(boxes_px, place, center, input_size):
    """Moves the boxes of one image with its pixels and clips them to the part that is seen.

    Args:
      boxes_px: float32 [N, 4], yxyx, pixels of the image; may overhang.
      place: (row, column) of the image, each 0 or 1.
      center: int32 [2], (y, x), where the images meet.
      input_size: (height, width) in pixels.

    Returns:
      (float32 [N, 4], yxyx, pixels of the mosaic; bool [N], False where less than a quarter is left
      of the area inside the image, or less than two pixels of a side).
    """
    size = tf.constant(list(input_size), tf.float32)
    center, place = tf.cast(center, tf.float32), tf.constant(place, tf.float32)
    # The images of place 0 end at the centre, those of place 1 begin there.
    begin = place * center
    end = center + place * (size - center)
    offset = center - (1.0 - place) * size
    whole_px = clip_boxes(boxes_px, tf.zeros([2]), size)
    moved_px = clip_boxes(whole_px + tf.tile(offset, [2]), begin, end)
    sides = moved_px[:, 2:] - moved_px[:, :2]
    enough = box_areas(moved_px) >= _MIN_VISIBLE_FRACTION * box_areas(whole_px)
    return moved_px, enough & tf.reduce_all(sides >= _MIN_SIDE_PX, axis=-1)


def clip_boxes(boxes_px, low, high):
    """Clips boxes float32 [N, 4] to a rectangle given by two corners float32 [2], (y, x)."""
    return tf.clip_by_value(boxes_px, tf.tile(low, [2]), tf.tile(high, [2]))


def box_areas(boxes_px):
    """Returns the areas float32 [N] of boxes float32 [N, 4]."""
    sides = boxes_px[:, 2:] - boxes_px[:, :2]
    return sides[:, 0] * sides[:, 1]
