"""The weights of a network of ours as PyTorch would name and lay them out.

Written the other way round than `centernet_tf/weights`: from our layers to PyTorch's names, for
ResNets with plain transposed convolutions.
"""

import re

import keras
import numpy as np

from tests.weights.pth_writer import tensor

NAMES = (
    (r"stem_conv", "conv1"),
    (r"stem_norm", "bn1"),
    (r"stage(\d)_block(\d+)_(\d)_conv", r"layer\1.\2.conv\3"),
    (r"stage(\d)_block(\d+)_(\d)_norm", r"layer\1.\2.bn\3"),
    (r"stage(\d)_block(\d+)_shortcut_conv", r"layer\1.\2.downsample.0"),
    (r"stage(\d)_block(\d+)_shortcut_norm", r"layer\1.\2.downsample.1"),
    (r"neck0_up_deconv", "deconv_layers.0"),
    (r"neck0_up_norm", "deconv_layers.1"),
    (r"neck1_up_deconv", "deconv_layers.3"),
    (r"neck1_up_norm", "deconv_layers.4"),
    (r"neck2_up_deconv", "deconv_layers.6"),
    (r"neck2_up_norm", "deconv_layers.7"),
    (r"heatmap_hidden", "hm.0"),
    (r"heatmap_final", "hm.2"),
    (r"size_hidden", "wh.0"),
    (r"size_final", "wh.2"),
    (r"offset_hidden", "reg.0"),
    (r"offset_final", "reg.2"),
)


def state_dict_of(network):
    """Returns tensors, for `pth_writer`, by PyTorch's names."""
    found = {}
    for layer in network.layers:
        for pattern, name in NAMES:
            match = re.fullmatch(pattern, layer.name)
            if match and layer.weights:
                for key, values in _parameters(layer).items():
                    found[f"{match.expand(name)}.{key}"] = tensor(np.ascontiguousarray(values))
    return found


def _parameters(layer):
    values = [variable.numpy() for variable in layer.weights]
    if isinstance(layer, keras.layers.BatchNormalization):
        parameters = dict(zip(("weight", "bias", "running_mean", "running_var"), values))
        return {**parameters, "num_batches_tracked": np.array(7, np.int64)}
    if layer.name in ("size_final", "offset_final"):
        values = [value[..., ::-1] for value in values]
    # Keras: y, x, in, out; transposed: y, x, out, in. PyTorch: out, in, y, x; in, out, y, x.
    values[0] = np.einsum("yxio->oiyx", values[0])
    return dict(zip(("weight", "bias"), values))
