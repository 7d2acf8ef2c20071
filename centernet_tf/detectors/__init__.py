"""Detectors, one file each: heads, targets, loss and decoder behind the same four verbs.

A detector module holds `Options` (its settings, a `hyperparams.Config` with a method
`faults(config)` that returns sentences) and `Detector` (a subclass of `PointDetector`). Nothing
else has to know its name.
"""

import abc

import tensorflow as tf

from centernet_tf.backbones import STRIDE
from centernet_tf.config import load_module
from centernet_tf.errors import UserError
from centernet_tf.settings import ExperimentConfig


class PointDetector(abc.ABC):
    """What training, evaluation and export know of a detector.

    Attributes:
      config: the experiment.
      num_classes: C.
      input_size: (height, width) of the network input in pixels.
      loss_names: the keys of what `loss` returns.
      network_options: the names of the `Options` on which the network, or what its maps mean,
        depends; the others may change while it is trained, and afterwards.
    """

    loss_names = ("loss",)
    network_options = ()

    def __init__(self, config: ExperimentConfig, num_classes: int):
        self.config = config
        self.num_classes = num_classes
        self.input_size = tuple(config.data.input_size)

    @property
    def stride(self):
        """Pixels of the input a cell of the finest map."""
        return STRIDE

    @property
    def options(self):
        """The detector's own settings."""
        return self.config.model.options

    @abc.abstractmethod
    def build(self, input_size=None):
        """Returns a functional `keras.Model`: normalised images [B, H, W, 3] -> dict of maps.

        Args:
          input_size: (H, W) in pixels; None takes the experiment's, (None, None) takes images of
            any size that the strides divide.
        """

    @abc.abstractmethod
    def encode(self, boxes_px, classes, mask):
        """Turns objects into target maps; pure TensorFlow, runs inside tf.data.

        Args:
          boxes_px: float32 [M, 4] of one image, or [B, M, 4] of a batch, as training does it; yxyx,
            pixels of the network input; may overhang it.
          classes: int32 [M] or [B, M], contiguous.
          mask: bool [M] or [B, M], False for padding rows.

        Returns:
          dict of tensors with static shapes, with a batch axis where the arguments have one.
        """

    def complete_targets(self, targets):
        """Returns targets with what is cheaper to make on the device than to carry to it.

        Args:
          targets: batched dict from `encode`.
        """
        return targets

    def normalizers(self, targets):
        """Returns a dict of float32 scalars, sums over the batch by which `loss` divides.

        Training adds them up over the replicas, so that the loss of a global batch does not depend
        on how it was split.
        """
        del targets
        return {}

    @abc.abstractmethod
    def loss(self, outputs, targets, normalizers=None):
        """Returns a dict of float32 scalars, 'loss' among them; runs on the device, XLA-safe.

        Args:
          outputs: what the network of `build` returned for a batch.
          targets: batched dict from `encode`.
          normalizers: of the global batch; None takes those of `targets`.
        """

    def merge_mirrored(self, outputs, mirrored):
        """Returns the maps of a flip test: those of images and of their mirror images in one.

        Args:
          outputs: float32 maps of the images.
          mirrored: of the images mirrored left-right.

        Raises:
          UserError: the detector has no flip test.
        """
        raise UserError(
            f"The detector '{self.config.model.detector}' has no flip test; set "
            "evaluation.flip to false."
        )

    def object_map(self, outputs):
        """Returns float32 [B, h, w] in 0..1, for pictures: how sure the network is of anything.

        The strongest class of the maps whose names end in 'heatmap'; logits.
        """
        maps = [value for name, value in outputs.items() if name.endswith("heatmap")]
        return tf.sigmoid(tf.reduce_max(tf.concat(maps, axis=-1), axis=-1))

    @abc.abstractmethod
    def targets_to_outputs(self, targets):
        """Returns the maps that a perfect network would draw for batched, completed targets."""

    @abc.abstractmethod
    def decode(self, outputs):
        """Returns `Detections` in input pixels; static shapes, XLA- and TFLite-safe."""


def make_detector(config: ExperimentConfig, num_classes: int) -> PointDetector:
    """Builds the detector that the experiment names.

    Raises:
      UserError: there is no such detector.
    """
    return load_module("detectors", config.model.detector).Detector(config, num_classes)
