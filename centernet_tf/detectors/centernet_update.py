"""CenterNet-Update: peaks and distances to the sides on every level of a pyramid.

The first stage of "Probabilistic two-stage detection" (Zhou et al. 2021) used alone. With a
backbone of stride 4 it has that single level, as the original's fast models have.
"""

import dataclasses
import math
from typing import List

import keras
import tensorflow as tf
from official.modeling import hyperparams

from centernet_tf.backbones import (
    PYRAMID_STRIDES,
    STRIDE,
    backbone_faults,
    backbone_names,
    build_backbone,
    build_pyramid,
)
from centernet_tf.detectors import PointDetector
from centernet_tf.detectors.pyramid_faults import flip_faults, suppression_faults, tower_faults
from centernet_tf.layers.initializers import caffe2_xavier
from centernet_tf.layers.pyramid_head import distance_maps, logit_maps, tower
from centernet_tf.ops import mirror, pyramid
from centernet_tf.ops.box_losses import distance_boxes, giou_loss
from centernet_tf.ops.listed_focal_loss import extra_positives, listed_focal_loss
from centernet_tf.ops.object_boxes import visible_objects
from centernet_tf.ops.pyramid_decode import decode_pyramid
from centernet_tf.ops.update_targets import (
    NUM_AROUND,
    center_cells,
    draw_level_peaks,
    peak_radius_squared,
)


@dataclasses.dataclass
class Options(hyperparams.Config):
    """CenterNet-Update's own settings; the defaults are the original's."""

    # Layers of each tower, their channels, and the groups of their normalisation; the original's
    # stride-4 models have 1 layer.
    tower_depth: int = 4
    tower_channels: int = 256
    norm_groups: int = 32
    # A bias in the convolutions of the towers, and what that of the boxes starts from, in strides;
    # mmdet has false and 0.
    tower_bias: bool = True
    box_bias: float = 8.0
    # Half diagonals in pixels at which P4, P5, P6 and P7 begin, and by how much a level reaches
    # into the next; without effect on a single level.
    level_bounds: List[float] = dataclasses.field(
        default_factory=lambda: [64.0, 128.0, 256.0, 512.0]
    )
    level_overlap: float = 1.25
    # Peaks fall to 1/e where a box that far off overlaps by this; their least radius in pixels.
    min_overlap: float = 0.8
    min_radius: float = 4.0
    # Cells around the centre are positive where they predict the box well already.
    extra_positives: bool = True
    # Weight of the boxes' GIoU loss (1 on a single level), and what is added to intersection and
    # union, in squares of the stride: 1 in the original, 0 in mmdet.
    box_weight: float = 2.0
    iou_smoothing: float = 1.0
    score_threshold: float = 0.05
    # Candidates of a level, overlap above which the worse of two of a class goes, and detections.
    level_limit: int = 1000
    nms_threshold: float = 0.6
    max_detections: int = 100

    def faults(self, config):
        """Returns a sentence for every setting that cannot be."""
        checks = (
            (
                len(self.level_bounds) != 4 or sorted(self.level_bounds) != list(self.level_bounds),
                "model.options.level_bounds must be four rising numbers of pixels; got "
                f"{self.level_bounds}.",
            ),
            (
                self.level_overlap < 1.0,
                f"model.options.level_overlap must be 1 or more, so that every object has a level; "
                f"got {self.level_overlap}.",
            ),
            (
                not 0.0 < self.min_overlap < 1.0,
                f"model.options.min_overlap must lie between 0 and 1; got {self.min_overlap}.",
            ),
            (
                self.min_radius <= 0.0 or self.iou_smoothing < 0.0,
                "model.options.min_radius must be positive and iou_smoothing 0 or more; got "
                f"{self.min_radius} and {self.iou_smoothing}.",
            ),
        )
        faults = [sentence for wrong, sentence in checks if wrong]
        faults += flip_faults(config, _strides(config)[-1]) + backbone_faults(config)
        return faults + tower_faults(self) + suppression_faults(self)


class Detector(PointDetector):
    """Class peaks and distances to the sides of every cell of P3 to P7, or of stride 4 alone."""

    network_options = ("tower_depth", "tower_channels", "norm_groups", "tower_bias")

    # Every cell starts at probability 0.01.
    HEATMAP_BIAS = -math.log(99.0)
    loss_names = ("loss", "heatmap_loss", "box_loss")

    @property
    def stride(self):
        """See `PointDetector.stride`."""
        return self.strides[0]

    @property
    def strides(self):
        """Pixels a cell of each level."""
        return _strides(self.config)

    @property
    def first_level(self):
        """Number of the finest level: its stride is 2 to the power of it."""
        return self.strides[0].bit_length() - 1

    @property
    def sizes(self):
        """(height, width) in cells of each level."""
        return pyramid.level_sizes(self.input_size, self.strides)

    @property
    def ranges(self):
        """(least, most) half diagonal in pixels of the boxes of each level."""
        if len(self.strides) == 1:
            return [(0.0, 1e7)]
        bounds, reach = self.options.level_bounds, self.options.level_overlap
        return list(zip([0.0, *bounds], [*(reach * bound for bound in bounds), 1e7]))

    def build(self, input_size=None):
        """Returns the network.

        Its maps, for l = 3 to 7, or 2 on a single level: heatmap_p{l} (logits, C) and box_p{l}
        (distances top, left, bottom, right in pixels of the input). Layers: of the backbone,
        heatmap_tower{i}_*, box_tower{i}_*, heatmap_conv, box_conv, box_scale{l}
        (`layers/pyramid_head.py`).
        """
        backbone, options = self.config.model.backbone, self.options
        images = keras.Input([*(input_size or self.input_size), 3], name="image")
        if len(self.strides) > 1:
            # As a description, since one initialiser would start every layer alike.
            start = keras.initializers.serialize(caffe2_xavier())
            levels = build_pyramid(backbone, images, initializer=start)
        else:
            levels = build_backbone(backbone, images)[-1:]
        peaks, sides = (
            tower(
                levels,
                options.tower_channels,
                options.tower_depth,
                options.norm_groups,
                options.tower_bias,
                f"{name}_tower",
            )
            for name in ("heatmap", "box")
        )
        units, first = [float(stride) for stride in self.strides], self.first_level
        outputs = {
            **logit_maps(peaks, self.num_classes, self.HEATMAP_BIAS, "heatmap", first),
            **distance_maps(sides, "relu", units, options.box_bias, "box", first),
        }
        return keras.Model(images, outputs, name=f"centernet_update_{backbone.name}")

    def encode(self, boxes_px, classes, mask):
        """Returns `center_cells`, and class int32 [..., M] and peaks float32 [..., P, C]."""
        if boxes_px.shape.rank == 2:
            batch = self.encode(boxes_px[tf.newaxis], classes[tf.newaxis], mask[tf.newaxis])
            return {name: value[0] for name, value in batch.items()}
        options, grid = self.options, (self.sizes, self.strides)
        boxes_px, mask = visible_objects(boxes_px, mask, self.input_size)
        radius = peak_radius_squared(boxes_px, options.min_overlap, options.min_radius)
        peaks = draw_level_peaks(boxes_px, classes, mask, radius, *grid, self.num_classes)
        cells = center_cells(boxes_px, mask, radius, *grid, self.ranges)
        return {**cells, "class": classes, "peaks": peaks}

    def normalizers(self, targets):
        """Returns the numbers of cells that learn a box, and of central cells."""
        return {
            name: tf.reduce_sum(tf.cast(targets[name], tf.float32)) for name in ("owned", "central")
        }

    def loss(self, outputs, targets, normalizers=None):
        """Focal loss of the peaks and GIoU loss of the boxes (section 4); float32 scalars.

        The peaks' loss is divided by the number of positive cells, which is known only where the
        predictions are: elsewhere in the global batch there are taken to be as many for each
        central cell as here. On one replica without gradient accumulation that is exact.
        """
        options = self.options
        here = self.normalizers(targets)
        sums = normalizers or here
        overlap = self._overlap_loss(outputs, targets)
        positive = targets["central"]
        if options.extra_positives:
            positive = extra_positives(overlap, targets["valid"], targets["central"])
        logits = self._joined(outputs, "heatmap")
        peaks_loss = listed_focal_loss(
            logits, targets["peaks"], targets["cell"], targets["class"], positive
        )
        count = tf.reduce_sum(tf.cast(positive, tf.float32))
        rate = tf.maximum(tf.math.divide_no_nan(count, here["central"]), 1.0)
        count += (sums["central"] - here["central"]) * rate
        owned = tf.cast(targets["owned"], tf.float32)
        terms = {
            "heatmap_loss": peaks_loss / tf.maximum(count, 1.0),
            "box_loss": tf.reduce_sum(overlap * owned) / tf.maximum(sums["owned"], 1.0),
        }
        return {"loss": terms["heatmap_loss"] + options.box_weight * terms["box_loss"], **terms}

    def _overlap_loss(self, outputs, targets):
        """GIoU losses float32 [B, M, N] at the listed cells."""
        units = tf.repeat(tf.constant(self.strides, tf.float32), NUM_AROUND)[:, tf.newaxis]
        boxes = tf.gather(self._joined(outputs, "box"), targets["cell"], batch_dims=1)
        return giou_loss(
            distance_boxes(boxes / units),
            distance_boxes(targets["distances"] / units),
            self.options.iou_smoothing,
        )

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
        return tf.sigmoid(pyramid.strongest_class(self._levels(outputs, "heatmap")))

    def decode(self, outputs):
        """Returns the `max_detections` best boxes as `Detections`, clipped to the input."""
        options, finest = self.options, self.strides[0]
        maps = [self._levels(outputs, name) for name in ("heatmap", "box")]
        height, width = (maps[0][0].shape[axis] or tf.shape(maps[0][0])[axis] for axis in (1, 2))
        return decode_pyramid(
            *maps,
            self.strides,
            (height * finest, width * finest),
            options.score_threshold,
            options.level_limit,
            options.nms_threshold,
            options.max_detections,
        )

    def targets_to_outputs(self, targets):
        """Returns the maps that a perfect network would draw for batched targets.

        Cells that learn a box are sure of its class, centres most.
        """
        points = pyramid.num_points(self.sizes)
        owned, batch = targets["owned"], tf.shape(targets["cell"])[0]
        image = tf.range(batch)[:, tf.newaxis, tf.newaxis] * points
        cell = tf.reshape(tf.where(owned, targets["cell"] + image, batch * points), [-1])
        boxes = tf.math.unsorted_segment_sum(
            tf.reshape(targets["distances"], [-1, 4]), cell, batch * points + 1
        )
        sure = tf.where(targets["central"], 20.0, 5.0)[..., tf.newaxis]
        own_class = tf.one_hot(targets["class"], self.num_classes)[:, :, tf.newaxis]
        logits = tf.math.unsorted_segment_max(
            tf.reshape(own_class * (sure + 20.0), [-1, self.num_classes]), cell, batch * points + 1
        )
        values = {"heatmap": tf.maximum(logits, 0.0) - 20.0, "box": boxes}
        return {
            f"{name}_p{level}": part
            for name, value in values.items()
            for level, part in enumerate(
                pyramid.split_levels(
                    tf.reshape(value[:-1], [batch, points, value.shape[-1]]), self.sizes
                ),
                self.first_level,
            )
        }

    def _levels(self, outputs, name):
        """The maps of a name, finest first."""
        numbers = range(self.first_level, self.first_level + len(self.strides))
        return [outputs[f"{name}_p{level}"] for level in numbers]

    def _joined(self, outputs, name):
        """The maps of a name as float32 [B, P, channels]."""
        return pyramid.flatten_levels(self._levels(outputs, name))


def _strides(config):
    is_pyramid = config.model.backbone.name in backbone_names(pyramid=True)
    return PYRAMID_STRIDES if is_pyramid else (STRIDE,)
