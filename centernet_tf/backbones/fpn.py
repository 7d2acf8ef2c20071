"""Feature pyramid for detectors that look at five levels: FCOS and CenterNet-Update.

Lin et al. 2017 with the two extra levels of RetinaNet; numerics as mmdet's FPN.
"""

import keras

from centernet_tf.layers.conv_norm import convolution
from centernet_tf.layers.nearest_up_sampling import NearestUpSampling

CHANNELS = 256


def fpn(
    stages,
    channels,
    extra_from="output",
    relu_before_p6=False,
    relu_before_p7=True,
    initializer="glorot_uniform",
):
    """Builds the levels P3 to P7 from the maps C3 to C5.

    Layers: `fpn_lateral{l}` for l = 3 to 5, `fpn_output{l}` for l = 3 to 7, all convolutions with
    bias and without normalisation.

    Args:
      stages: the maps at strides 8, 16 and 32.
      channels: of every level.
      extra_from: what P6 is made of: the P5 'output' (FCOS, CenterNet-Update), the 'lateral' map
        before its output convolution, or the 'input' C5.
      relu_before_p6, relu_before_p7: a ReLU before the stride-2 convolution that makes the level.
      initializer: of the kernels, as a name or as what `keras.initializers.serialize` gives: one
        instance would start every level alike.

    Returns:
      list of five maps [B, ceil(H / s), ceil(W / s), channels], s = 8, 16, 32, 64, 128.
    """
    merged = [
        convolution(stage, channels, 1, 1, f"fpn_lateral{level}", initializer)
        for level, stage in enumerate(stages, start=3)
    ]
    for i in range(len(merged) - 1, 0, -1):
        coarser = NearestUpSampling(name=f"fpn_up{i + 3}")([merged[i], merged[i - 1]])
        merged[i - 1] = keras.layers.Add(name=f"fpn_add{i + 2}")([merged[i - 1], coarser])
    levels = [
        convolution(x, channels, 3, 1, f"fpn_output{level}", initializer)
        for level, x in enumerate(merged, start=3)
    ]
    x = {"output": levels[-1], "lateral": merged[-1], "input": stages[-1]}[extra_from]
    for level, relu in ((6, relu_before_p6), (7, relu_before_p7)):
        if relu:
            x = keras.layers.ReLU(name=f"fpn_output{level}_relu")(x)
        x = convolution(x, channels, 3, 2, f"fpn_output{level}", initializer)
        levels.append(x)
    return levels
