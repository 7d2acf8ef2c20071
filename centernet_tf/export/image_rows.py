"""A batch of encoded images, read row by row, in which a bad image spoils only its own row.

TensorFlow's graphs cannot catch the error of a decoder, but a dataset inside the graph can ignore
it: it leaves the row out, and the row's place stays empty. These are ordinary kernels, so that the
graph runs wherever a SavedModel does, and the images are decoded in parallel.
"""

import tensorflow as tf

from centernet_tf.data.encoded_image import EncodedImage, open_image
from centernet_tf.data.letterbox import read_letterbox
from centernet_tf.export.image_status import DAMAGED, GOOD, TOO_LARGE, UNKNOWN_FORMAT

# Bounds the memory of decoded images; more hardly helps, as the network takes longer.
READ_AT_ONCE = 4
# GIF is none of them: its frames have sizes of their own, all of which the decoder unpacks, so that
# a small file can take any amount of memory.
_MAGICS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM")


def letterbox_rows(rows, to_image_bytes, input_size, max_pixels):
    """Reads and letterboxes each row; those that cannot be read are black.

    Args:
      rows: string [B].
      to_image_bytes: f(string scalar) -> string scalar, an encoded image; may raise.
      input_size: (height, width) of the network input in pixels.
      max_pixels: larger images are not decoded. The size stands in the header, but BMP's is found
        by decoding, which takes as much memory as the file.

    Returns:
      (float32 [B, height, width, 3], RGB, 0..255; sizes int32 [B, 2], (height, width) of the
      images in pixels, 1 where unknown; status int32 [B], see `image_status`).
    """
    count = tf.size(rows, out_type=tf.int64)
    black = tf.zeros([*input_size, 3], tf.float32)

    def read(index, row):
        encoded = to_image_bytes(row)
        size, status = _size_and_status(encoded, max_pixels)
        letterboxed = tf.cond(
            status == GOOD,
            lambda: read_letterbox(EncodedImage(encoded, size), input_size)[0],
            lambda: black,
        )
        return index, letterboxed, size, status

    # Without a last element there would be nothing to batch where no row can be read.
    last = (count, black, tf.ones([2], tf.int32), tf.constant(GOOD))
    found = (
        tf.data.Dataset.from_tensor_slices(rows)
        .enumerate()
        .map(read, num_parallel_calls=READ_AT_ONCE, deterministic=True)
        .ignore_errors()
        .concatenate(tf.data.Dataset.from_tensors(last))
        .batch(count + 1)
        .with_options(_plain())
        .get_single_element()
    )
    return _in_their_places(*found)


def _size_and_status(encoded, max_pixels):
    is_known = tf.reduce_any(
        [tf.strings.substr(encoded, 0, len(magic)) == magic for magic in _MAGICS]
    )
    unknown = tf.ones([2], tf.int32)
    size = tf.cond(is_known, lambda: open_image(encoded).size, lambda: unknown)
    sides = tf.cast(size, tf.int64)
    # A PNG may claim any 32 bits; those below 1 are left to the decoder to refuse.
    is_large = tf.reduce_prod(tf.maximum(sides, 1)) > max_pixels
    status = tf.where(is_large, TOO_LARGE, GOOD)
    return tf.maximum(size, 1), tf.where(is_known, status, UNKNOWN_FORMAT)


def _in_their_places(index, letterboxed, sizes, status):
    """Spreads the rows that were read over the whole batch and drops the last element."""
    place = tf.cast(index, tf.int32)[:, tf.newaxis]
    total = place[-1] + 1

    def spread(values, empty):
        shape = tf.concat([total, values.shape[1:]], axis=0)
        whole = tf.tensor_scatter_nd_update(tf.fill(shape, empty), place, values)[:-1]
        return tf.ensure_shape(whole, [None, *values.shape[1:]])

    return spread(letterboxed, 0.0), spread(sizes, 1), spread(status, DAMAGED)


def _plain():
    """Nothing to tune in a dataset that lives for one call; tuning would take longer than it."""
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return options
