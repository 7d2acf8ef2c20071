"""The modulated deformable convolution layer (DCN v2), which predicts its own offsets and masks."""

import keras
import tensorflow as tf

from centernet_tf.ops.deform_conv import modulated_deform_conv2d


@keras.saving.register_keras_serializable(package="centernet_tf")
class DeformableConv2D(keras.layers.Layer):
    """Convolution whose taps move by offsets and scale by masks convolved from the same input.

    The offset convolution has 3 * G * K channels for G deformable groups and K taps: the first two
    thirds are offsets, (dy, dx) for each group and tap, the last third mask logits. It starts at
    zero, so at first the layer is half a plain convolution (plus bias). Parameters and start values
    are those of mmcv's `ModulatedDeformConv2dPack` and the original's `DCN`; kernels are stored in
    Keras's HWIO layout.

    Args:
      filters: output channels.
      kernel_size, strides, dilation_rate: int or (y, x) pair.
      padding: pixels of zeros on each side, int or (y, x) pair; None stands for
        kernel_size // 2 * dilation_rate, which keeps the size at stride 1.
      groups: groups of channels as in a grouped convolution.
      deformable_groups: G, groups of input channels with offsets of their own.
      use_bias: whether to add a bias; the offset convolution always has one.
      kernel_initializer: of the main kernel; None stands for uniform in +-1 / sqrt(input channels *
        K).

    Input and output are [B, H, W, C] in the compute dtype; sampling positions are float32.
    """

    def __init__(
        self,
        filters,
        kernel_size=3,
        strides=1,
        padding=None,
        dilation_rate=1,
        groups=1,
        deformable_groups=1,
        use_bias=True,
        kernel_initializer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = _pair(kernel_size)
        self.strides = _pair(strides)
        self.dilation_rate = _pair(dilation_rate)
        if padding is None:
            padding = [k // 2 * d for k, d in zip(self.kernel_size, self.dilation_rate)]
        self.padding = _pair(padding)
        self.groups = groups
        self.deformable_groups = deformable_groups
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        channels, (height, width) = input_shape[-1], self.kernel_size
        bound = (channels * height * width) ** -0.5
        self.kernel = self.add_weight(
            name="kernel",
            shape=(height, width, channels // self.groups, self.filters),
            initializer=self.kernel_initializer or keras.initializers.RandomUniform(-bound, bound),
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")
        offset_channels = 3 * self.deformable_groups * height * width
        self.offset_kernel = self.add_weight(
            name="offset_kernel",
            shape=(height, width, channels, offset_channels),
            initializer="zeros",
        )
        self.offset_bias = self.add_weight(
            name="offset_bias", shape=(offset_channels,), initializer="zeros"
        )
        super().build(input_shape)

    def call(self, inputs):
        offset, mask = self._offset_and_mask(inputs)
        return modulated_deform_conv2d(
            inputs,
            offset,
            mask,
            tf.convert_to_tensor(self.kernel),
            self.bias,
            self.strides,
            self.padding,
            self.dilation_rate,
            self.groups,
            self.deformable_groups,
        )

    def _offset_and_mask(self, inputs):
        padding = "SAME"
        if not self._keeps_size():
            pad_y, pad_x = self.padding
            inputs = tf.pad(inputs, [[0, 0], [pad_y, pad_y], [pad_x, pad_x], [0, 0]])
            padding = "VALID"
        fields = tf.nn.conv2d(
            inputs, self.offset_kernel, self.strides, padding, dilations=self.dilation_rate
        )
        fields = tf.cast(tf.nn.bias_add(fields, self.offset_bias), tf.float32)
        num_masks = fields.shape[-1] // 3
        return fields[..., : 2 * num_masks], tf.sigmoid(fields[..., 2 * num_masks :])

    def _keeps_size(self):
        """Whether the padding is what "SAME" means, which needs no padded copy of the input."""
        extents = zip(self.kernel_size, self.dilation_rate, self.padding)
        return self.strides == (1, 1) and all((k - 1) * d == 2 * pad for k, d, pad in extents)

    def compute_output_shape(self, input_shape):
        sides = [
            None if side is None else (side + 2 * pad - step * (k - 1) - 1) // stride + 1
            for side, pad, step, k, stride in zip(
                input_shape[1:3], self.padding, self.dilation_rate, self.kernel_size, self.strides
            )
        ]
        return tf.TensorShape([input_shape[0], *sides, self.filters])

    def multiply_adds(self, input_shape):
        """Multiply-adds for one image: the product, the offset convolution and the sampling."""
        height, width = self.compute_output_shape(input_shape)[1:3]
        channels, taps = input_shape[-1], self.kernel_size[0] * self.kernel_size[1]
        product = taps * channels // self.groups * self.filters
        offsets = taps * channels * 3 * self.deformable_groups * taps
        return height * width * (product + offsets + 4 * taps * channels)

    def get_config(self):
        config = {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation_rate,
            "groups": self.groups,
            "deformable_groups": self.deformable_groups,
            "use_bias": self.use_bias,
            "kernel_initializer": self.kernel_initializer
            and keras.initializers.serialize(self.kernel_initializer),
        }
        return {**super().get_config(), **config}


def _pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)
