"""FCOS: every cell inside an object says how far its sides are (Tian et al. 2019)."""

import dataclasses
import math
from typing import List

import keras
import tensorflow as tf
from official.modeling import hyperparams

from centernet_tf.backbones import PYRAMID_STRIDES, build_pyramid
from centernet_tf.detectors import PointDetector
from centernet_tf.detectors.option_faults import not_one_of
from centernet_tf.detectors.pyramid_faults import pyramid_faults, suppression_faults, tower_faults
from centernet_tf.layers.pyramid_head import distance_maps, logit_maps, tower
from centernet_tf.ops import mirror, pyramid
from centernet_tf.ops.box_losses import centerness, distance_boxes, giou_loss, iou_loss
from centernet_tf.ops.fcos_decode import decode_fcos
from centernet_tf.ops.fcos_targets import BACKGROUND, fcos_targets
from centernet_tf.ops.object_boxes import visible_objects
from centernet_tf.ops.sigmoid_focal_loss import sigmoid_focal_loss


@dataclasses.dataclass
class Options(hyperparams.Config):
    """FCOS's own settings; the defaults are the original's first version."""

    # Layers of each tower, their channels, and the groups of their normalisation.
    tower_depth: int = 4
    tower_channels: int = 256
    norm_groups: int = 32
    # A bias in the convolutions of the towers; mmdet's base configuration has none.
    tower_bias: bool = True
    # Distances are exponentials, in pixels (false), or ReLUs, in strides of the level (true).
    normalize_boxes: bool = False
    # The tower that centerness is read from: class, or box in the improved version.
    centerness_on: str = "class"
    # Cells count for an object within so many strides of its centre; 0 takes all of its box.
    center_radius: float = 0.0
    # iou or giou; what is added to intersection and union, in squares of the unit of distances: 1
    # in the original, 0 in mmdet.
    box_loss: str = "iou"
    iou_smoothing: float = 1.0
    # Largest distance in pixels that a level takes over from the one below: P4, P5, P6 and P7.
    level_bounds: List[float] = dataclasses.field(
        default_factory=lambda: [64.0, 128.0, 256.0, 512.0]
    )
    # root ranks cells by class times centerness and scores by its square root (original); product
    # ranks by class alone and scores by the product (mmdet).
    score_rule: str = "root"
    score_threshold: float = 0.05
    # Candidates of a level, overlap above which the worse of two of a class goes, and detections.
    level_limit: int = 1000
    nms_threshold: float = 0.6
    max_detections: int = 100

    def faults(self, config):
        """Returns a sentence for every setting that cannot be."""
        checks = (
            not_one_of("centerness_on", self.centerness_on, ("class", "box")),
            not_one_of("box_loss", self.box_loss, ("iou", "giou")),
            not_one_of("score_rule", self.score_rule, ("root", "product")),
            (
                len(self.level_bounds) != 4 or sorted(self.level_bounds) != list(self.level_bounds),
                "model.options.level_bounds must be four rising numbers of pixels; got "
                f"{self.level_bounds}.",
            ),
            (
                min(self.iou_smoothing, self.center_radius) < 0,
                "model.options.iou_smoothing and center_radius must be 0 or more.",
            ),
        )
        faults = [sentence for wrong, sentence in checks if wrong]
        return faults + tower_faults(self) + suppression_faults(self) + pyramid_faults(config)


class Detector(PointDetector):
    """Class, distances to the sides and centerness of every cell of the levels P3 to P7."""

    network_options = (
        "tower_depth",
        "tower_channels",
        "norm_groups",
        "tower_bias",
        "normalize_boxes",
        "centerness_on",
    )

    # Every cell starts at probability 0.01.
    CLASS_BIAS = -math.log(99.0)
    loss_names = ("loss", "class_loss", "box_loss", "centerness_loss")

    @property
    def stride(self):
        """See `PointDetector.stride`."""
        return PYRAMID_STRIDES[0]

    @property
    def sizes(self):
        """(height, width) in cells of each level."""
        return pyramid.level_sizes(self.input_size, PYRAMID_STRIDES)

    @property
    def units(self):
        """What a distance of 1 is in pixels, one number a level."""
        return [float(s) if self.options.normalize_boxes else 1.0 for s in PYRAMID_STRIDES]

    def build(self, input_size=None):
        """Returns the network.

        Its maps, for l = 3 to 7: class_p{l} (logits, C), box_p{l} (distances top, left, bottom,
        right in pixels of the input), centerness_p{l} (logits, 1). Layers: of the pyramid
        (`backbones/fpn.py`), class_tower{i}_*, box_tower{i}_*, class_conv, box_conv, box_scale{l},
        centerness_conv (`layers/pyramid_head.py`).
        """
        backbone, options = self.config.model.backbone, self.options
        images = keras.Input([*(input_size or self.input_size), 3], name="image")
        levels = build_pyramid(backbone, images)
        towers = {
            name: tower(
                levels,
                options.tower_channels,
                options.tower_depth,
                options.norm_groups,
                options.tower_bias,
                f"{name}_tower",
            )
            for name in ("class", "box")
        }
        activation = "relu" if options.normalize_boxes else "exponential"
        outputs = {
            **logit_maps(towers["class"], self.num_classes, self.CLASS_BIAS, "class"),
            **distance_maps(towers["box"], activation, self.units, 0.0, "box"),
            **logit_maps(towers[options.centerness_on], 1, 0.0, "centerness"),
        }
        return keras.Model(images, outputs, name=f"fcos_{backbone.name}")

    def encode(self, boxes_px, classes, mask):
        """Returns the targets of `fcos_targets`; see `PointDetector.encode`."""
        boxes_px, mask = visible_objects(boxes_px, mask, self.input_size)
        bounds = self.options.level_bounds
        ranges = list(zip([-1.0, *bounds], [*bounds, 1e8]))
        radius = self.options.center_radius
        return fcos_targets(boxes_px, classes, mask, self.sizes, PYRAMID_STRIDES, ranges, radius)

    def normalizers(self, targets):
        """Returns what the loss divides by: cells of objects, and the sum of their centerness."""
        return {
            "cells": tf.reduce_sum(tf.cast(targets["class"] != BACKGROUND, tf.float32)),
            "centerness": tf.reduce_sum(centerness(targets["distances"])),
        }

    def loss(self, outputs, targets, normalizers=None):
        """Focal loss of the class, overlap loss of the box, entropy of the centerness; scalars.

        The overlap of each cell counts by its centerness (section 3.3 and the original's code).
        """
        options = self.options
        sums = normalizers or self.normalizers(targets)
        cells = tf.maximum(sums["cells"], 1.0)
        found = tf.cast(targets["class"] != BACKGROUND, tf.float32)
        central = centerness(targets["distances"])
        units = tf.repeat(self.units, [height * width for height, width in self.sizes])
        distances = _joined(outputs, "box") / units[:, tf.newaxis]
        wanted = targets["distances"] / units[:, tf.newaxis]
        overlap = (giou_loss if options.box_loss == "giou" else iou_loss)(
            distance_boxes(distances), distance_boxes(wanted), options.iou_smoothing
        )
        entropy = tf.nn.sigmoid_cross_entropy_with_logits(
            central, _joined(outputs, "centerness")[..., 0]
        )
        class_loss = sigmoid_focal_loss(_joined(outputs, "class"), targets["class"])
        terms = {
            "class_loss": class_loss / cells,
            "box_loss": tf.reduce_sum(overlap * central) / tf.maximum(sums["centerness"], 1e-6),
            "centerness_loss": tf.reduce_sum(entropy * found) / cells,
        }
        return {"loss": sum(terms.values()), **terms}

    def merge_mirrored(self, outputs, mirrored):
        """Averages probabilities, and distances with left and right turned."""
        return {
            name: (mirror.mean_distances if name.startswith("box") else mirror.mean_logits)(
                value, mirrored[name]
            )
            for name, value in outputs.items()
        }

    def object_map(self, outputs):
        """Returns float32 [B, h, w] at the finest level; see `PointDetector.object_map`."""
        return tf.sigmoid(pyramid.strongest_class(_levels(outputs, "class")))

    def decode(self, outputs):
        """Returns the `max_detections` best boxes as `Detections`, clipped to the input."""
        options = self.options
        maps = [_levels(outputs, name) for name in ("class", "box", "centerness")]
        finest = maps[0][0]
        height, width = (finest.shape[axis] or tf.shape(finest)[axis] for axis in (1, 2))
        return decode_fcos(
            *maps,
            PYRAMID_STRIDES,
            (height * PYRAMID_STRIDES[0], width * PYRAMID_STRIDES[0]),
            options.score_rule,
            options.score_threshold,
            options.level_limit,
            options.nms_threshold,
            options.max_detections,
        )

    def targets_to_outputs(self, targets):
        """Returns the maps that a perfect network would draw for batched targets."""
        sure = 20.0
        central = centerness(targets["distances"])[..., tf.newaxis]
        values = {
            "class": (2.0 * tf.one_hot(targets["class"], self.num_classes) - 1.0) * sure,
            "box": targets["distances"],
            "centerness": tf.math.log(central + 1e-6) - tf.math.log(1.0 - central + 1e-6),
        }
        return {
            f"{name}_p{level}": part
            for name, value in values.items()
            for level, part in enumerate(pyramid.split_levels(value, self.sizes), 3)
        }


def _levels(outputs, name):
    """The maps of a name, finest first."""
    return [outputs[f"{name}_p{level}"] for level in range(3, 3 + len(PYRAMID_STRIDES))]


def _joined(outputs, name):
    """The maps of a name as float32 [B, P, channels]."""
    return pyramid.flatten_levels(_levels(outputs, name))
