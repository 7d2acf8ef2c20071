"""Corner pooling: running maxima over rows or columns (CornerNet, section 3.2).

Where values tie, the gradient goes to the last of them in the direction of the running maximum, as
`torch.cummax` and mmcv have it; CornerNet's own CUDA code sends it to the first.
"""

import tensorflow as tf

# Axis of [B, H, W, C], and whether the maximum runs from the far end of the axis.
_DIRECTIONS = {
    "top": (1, True),
    "bottom": (1, False),
    "left": (2, True),
    "right": (2, False),
}


def corner_pool(maps, direction, method="running"):
    """The maximum over all cells from each one to the border that the object lies towards.

    Args:
      maps: float [B, H, W, C].
      direction: 'top': the cell and all below it; 'bottom': and all above it; 'left': and all to
        its right; 'right': and all to its left.
      method: 'running' takes one row after the other, in linear time: the fastest on a CPU in graph
        mode, but XLA takes minutes to compile its gradient on large maps. 'doubling' doubles the
        window in log2(n) passes over the whole map: for XLA, GPU and TPU. A side of unknown length
        is always doubled.

    Returns:
      float [B, H, W, C].
    """
    axis, from_far_end = _DIRECTIONS[direction]
    if maps.shape[axis] is None:
        return _double_any_length(maps, axis, from_far_end)
    run = {"running": _run, "doubling": _double}[method]
    return run(maps, axis, from_far_end)


def center_pool(maps, direction):
    """The maximum of the whole column or row at each of its cells.

    Corner pooling from both ends in a row gives the same (keypoint triplets, section 3.2), except
    that the gradient of tied values is shared here.

    Args:
      maps: float [B, H, W, C].
      direction: 'column' or 'row'.

    Returns:
      float [B, H, W, C].
    """
    axis = {"column": 1, "row": 2}[direction]
    highest = tf.reduce_max(maps, axis=axis, keepdims=True)
    return tf.broadcast_to(highest, tf.shape(maps))


def _run(maps, axis, from_far_end):
    slices = tf.split(maps, maps.shape[axis], axis=axis)
    order = range(len(slices))
    pooled, highest = [None] * len(slices), None
    for i in reversed(order) if from_far_end else order:
        # The new slice comes first: tf.maximum gives the gradient of a tie to its first argument.
        highest = slices[i] if highest is None else tf.maximum(slices[i], highest)
        pooled[i] = highest
    return tf.concat(pooled, axis)


def _double(maps, axis, from_far_end):
    length, window = maps.shape[axis], 1
    while window < length:
        maps = tf.maximum(maps, _moved(maps, axis, window, length - window, from_far_end))
        window *= 2
    return maps


def _double_any_length(maps, axis, from_far_end):
    length = tf.shape(maps)[axis]

    def widen(window, maps):
        moved = _moved(maps, axis, window, length - window, from_far_end)
        return 2 * window, tf.maximum(maps, tf.ensure_shape(moved, shape))

    shape = maps.shape
    start = (tf.constant(1), maps)
    return tf.while_loop(lambda window, _: window < length, widen, start)[1]


def _moved(maps, axis, step, rest, from_far_end):
    """Moves the map by `step` cells along the axis; where nothing comes from, cells stay."""
    if from_far_end:
        _, moved = tf.split(maps, [step, rest], axis=axis)
        _, stay = tf.split(maps, [rest, step], axis=axis)
        return tf.concat([moved, stay], axis)
    moved, _ = tf.split(maps, [rest, step], axis=axis)
    stay, _ = tf.split(maps, [step, rest], axis=axis)
    return tf.concat([stay, moved], axis)
