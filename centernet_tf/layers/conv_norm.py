"""Convolution, batch normalisation and ReLU with PyTorch's padding and constants."""

import contextlib
import contextvars

import keras

from centernet_tf.layers.initializers import resnet_convolution

_SYNCHRONIZED = contextvars.ContextVar("synchronized", default=False)


@contextlib.contextmanager
def synchronized_batch_norm(active=True):
    """Layers made within take their batch statistics over all replicas, where `active`."""
    token = _SYNCHRONIZED.set(active)
    try:
        yield
    finally:
        _SYNCHRONIZED.reset(token)


def is_synchronized() -> bool:
    """Says whether layers made now take their batch statistics over all replicas."""
    return _SYNCHRONIZED.get()


def batch_norm(x, name):
    """Batch normalisation with PyTorch's momentum 0.1 (Keras writes 0.9) and epsilon 1e-5."""
    return keras.layers.BatchNormalization(
        momentum=0.9, epsilon=1e-5, synchronized=is_synchronized(), name=name
    )(x)


def convolution(x, filters, kernel_size, strides, name, initializer, use_bias=True):
    """Convolution with padding k // 2 on each side for every stride; a bias starts at zero.

    Keras's 'same' pads strided convolutions of even inputs on the far side only, which shifts the
    features by a pixel against PyTorch's.
    """
    padding = "same"
    if strides > 1 and kernel_size == 1 and x.shape[-1] < 16:
        # TensorFlow 2.15's gradient of such a convolution writes beyond its memory on CPUs.
        x = keras.layers.MaxPooling2D(1, strides, name=f"{name}_skip")(x)
        strides = 1
    if strides > 1 and kernel_size > 1:
        x = keras.layers.ZeroPadding2D(kernel_size // 2, name=f"{name}_pad")(x)
        padding = "valid"
    return keras.layers.Conv2D(
        filters,
        kernel_size,
        strides,
        padding,
        use_bias=use_bias,
        kernel_initializer=initializer,
        name=name,
    )(x)


def conv_norm(x, filters, kernel_size, strides, name, relu=True, initializer=None):
    """Convolution without bias, then normalisation and, if asked, ReLU.

    Layers are `{name}_conv`, `{name}_norm` and `{name}_relu`.

    Args:
      x: [B, H, W, C].
      filters, kernel_size, strides: ints; sides come out as ceil(side / strides).
      name: of the layers, with a suffix.
      relu: whether a ReLU ends it.
      initializer: of the kernel; None is torchvision's for ResNet.
    """
    initializer = initializer or resnet_convolution()
    x = convolution(x, filters, kernel_size, strides, f"{name}_conv", initializer, use_bias=False)
    x = batch_norm(x, f"{name}_norm")
    return keras.layers.ReLU(name=f"{name}_relu")(x) if relu else x


def deconv_norm(x, filters, initializer, name):
    """Transposed convolution 4x4, stride 2, without bias, normalisation, ReLU: twice the size."""
    x = keras.layers.Conv2DTranspose(
        filters,
        kernel_size=4,
        strides=2,
        padding="same",
        use_bias=False,
        kernel_initializer=initializer,
        name=f"{name}_deconv",
    )(x)
    x = batch_norm(x, f"{name}_norm")
    return keras.layers.ReLU(name=f"{name}_relu")(x)
