"""What the originals' heads on each backbone have: hidden channels and start values."""

# Backbone names that begin so; the first that fits counts.
_WIDE = ("dla", "hourglass")


def published_head_channels(name):
    """Channels of the 3x3 convolution of every head."""
    return 256 if name.startswith(_WIDE) else 64


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
