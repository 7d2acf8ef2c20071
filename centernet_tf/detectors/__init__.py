"""Detectors, one file each: heads, targets, loss and decoder behind the same four verbs.

A detector module holds `Options` (its settings, a `hyperparams.Config` with a method `faults(config)` that
returns sentences) and `Detector` (a subclass of `PointDetector`). Nothing else has to know its name.
"""

import abc

from centernet_tf.config import ExperimentConfig, load_module


class PointDetector(abc.ABC):
    """What training, evaluation and export know of a detector.

    Attributes:
      config: the experiment.
      num_classes: C.
      input_size: (height, width) of the network input in pixels.
    """

    def __init__(self, config: ExperimentConfig, num_classes: int):
        self.config = config
        self.num_classes = num_classes
        self.input_size = tuple(config.data.input_size)

    @property
    def options(self):
        """The detector's own settings."""
        return self.config.model.options

    @abc.abstractmethod
    def build(self):
        """Returns a functional `keras.Model`: normalised images float32 [B, H, W, 3] -> dict of raw maps."""

    @abc.abstractmethod
    def encode(self, boxes_px, classes, mask):
        """Turns one image's objects into target maps; pure TensorFlow, runs inside tf.data.

        Args:
          boxes_px: float32 [M, 4], yxyx, pixels of the network input; may overhang it.
          classes: int32 [M], contiguous.
          mask: bool [M], False for padding rows.

        Returns:
          dict of tensors with static shapes.
        """

    @abc.abstractmethod
    def loss(self, outputs, targets):
        """Returns a dict of float32 scalars, 'loss' among them; runs on the device, XLA-safe.

        Args:
          outputs: what the network of `build` returned for a batch.
          targets: batched dict from `encode`.
        """

    @abc.abstractmethod
    def decode(self, outputs):
        """Returns `Detections` in pixels of the network input; static shapes, XLA- and TFLite-safe."""


def make_detector(config: ExperimentConfig, num_classes: int) -> PointDetector:
    """Builds the detector that the experiment names.

    Raises:
      UserError: there is no such detector.
    """
    return load_module("detectors", config.model.detector).Detector(config, num_classes)
