"""The focal loss of CenterNet-Update, whose positive cells are listed, not read off the peaks."""

import math

import tensorflow as tf

_CLAMP = 1e-4


def listed_focal_loss(logits, peaks, cells, classes, positive, alpha=0.25):
    """Sums the loss over listed positives and over all cells; the caller divides.

    -alpha (1 - p)^2 log p at each listed pair of cell and class, and -(1 - alpha) (1 - y)^4 p^2
    log(1 - p) at every cell and class, positives of y < 1 too. p is held in [1e-4, 1 - 1e-4], and
    cells beyond get no gradient. A pair listed twice counts twice.

    Args:
      logits: [B, P, C] of any float type.
      peaks: float32 [B, P, C], y in 0..1.
      cells: int32 [B, M, N], indices into P.
      classes: int32 [B, M].
      positive: bool [B, M, N], which of the list are meant.
      alpha: weight of the positives.

    Returns:
      float32 scalar.
    """
    logits = tf.cast(logits, tf.float32)
    p, _, log_not_p = _clamped(logits)
    negative = tf.pow(1.0 - peaks, 4.0) * tf.square(p) * log_not_p
    pairs = cells * logits.shape[-1] + classes[..., tf.newaxis]
    flat = tf.reshape(logits, [tf.shape(logits)[0], -1])
    p, log_p, _ = _clamped(tf.gather(flat, pairs, batch_dims=1))
    listed = tf.where(positive, tf.square(1.0 - p) * log_p, 0.0)
    return -alpha * tf.reduce_sum(listed) - (1.0 - alpha) * tf.reduce_sum(negative)


def extra_positives(losses, valid, central, limit=9, threshold=0.2):
    """Picks the cells of an object that predict its box well already.

    Args:
      losses: float32 [B, M, N], overlap losses of the object's cells.
      valid: bool [B, M, N].
      central: bool [B, M, N], cells that are positive in any case; their loss counts as 0.
      limit: cells below the `limit`-th smallest loss are picked, one less at most.
      threshold: loss that a cell must be below, too.

    Returns:
      bool [B, M, N].
    """
    losses = tf.where(valid, tf.stop_gradient(losses), float("inf"))
    losses = tf.where(central, 0.0, losses)
    smallest = -tf.math.top_k(-losses, k=limit).values[..., -1:]
    return central | (losses < tf.minimum(smallest, threshold))


def _clamped(logits):
    """p, log p and log(1 - p), with p held away from 0 and 1."""
    low, high = math.log(_CLAMP), math.log1p(-_CLAMP)
    return (
        tf.clip_by_value(tf.sigmoid(logits), _CLAMP, 1.0 - _CLAMP),
        tf.clip_by_value(tf.math.log_sigmoid(logits), low, high),
        tf.clip_by_value(tf.math.log_sigmoid(-logits), low, high),
    )
