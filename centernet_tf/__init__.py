"""centernet_tf: detectors that see objects as points, as a TensorFlow/Keras production pipeline."""

__version__ = "0.1.0"
