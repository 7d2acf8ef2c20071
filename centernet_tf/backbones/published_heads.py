"""What the originals' heads on each backbone have: hidden channels and start values."""

import math

# log(0.1 / 0.9) to the two places of the originals: every cell starts at probability 0.1.
HEATMAP_BIAS = -2.19
# Backbone names that begin so; the first that fits counts.
_WIDE = ("dla", "hourglass")


def published_head_channels(name):
    """Channels of the 3x3 convolution of every head."""
    return 256 if name.startswith(_WIDE) else 64


def heatmap_start(name) -> float:
    """Start value of the heat-map's bias; mmdet does not round it."""
    return -math.log(9.0) if name.startswith("mmdet_") else HEATMAP_BIAS


def regression_start(name):
    """Start values of the heads other than heat-maps, as arguments of `layers.head.conv_head`."""
    if name.startswith("hourglass"):
        # PyTorch's own everywhere.
        return {"final_bias": None}
    if name.startswith("dla_"):
        return {"hidden_bias": 0.0}
    if name.startswith("res_"):
        return {"stddev": 0.001}
    return {"stddev": 0.001, "hidden_stddev": 0.001}
