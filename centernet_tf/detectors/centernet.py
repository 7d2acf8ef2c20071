"""CenterNet: an object is the centre of its box ("Objects as Points", Zhou et al. 2019)."""

import dataclasses

import keras
import tensorflow as tf
from official.modeling import hyperparams

from centernet_tf.backbones import STRIDE, backbone_faults, build_backbone
from centernet_tf.backbones.published_heads import (
    heatmap_start,
    published_head_channels,
    regression_start,
)
from centernet_tf.detectors import PointDetector
from centernet_tf.detectors.option_faults import not_one_of, peak_checks
from centernet_tf.detectors.stacks import mean_over_stacks, stack_prefixes
from centernet_tf.layers.head import conv_head, final_layer, hidden_layer
from centernet_tf.ops.box_losses import giou_loss, sized_boxes
from centernet_tf.ops.center_decode import decode_centers
from centernet_tf.ops.center_targets import center_targets
from centernet_tf.ops.focal_loss import count_peaks, heatmap_focal_loss
from centernet_tf.ops.gaussian import draw_gaussians_dense
from centernet_tf.ops.mirror import mean_logits
from centernet_tf.ops.nms import class_nms
from centernet_tf.ops.shared_cells import write_cells
from centernet_tf.ops.sparse_l1 import gather_cells, gather_class_cells, sparse_l1_loss


@dataclasses.dataclass
class Options(hyperparams.Config):
    """CenterNet's own settings; the defaults are the original's."""

    # Hidden channels of each head; 0 takes what was published with the backbone: 256 for DLA and
    # hourglasses, else 64.
    head_channels: int = 0
    # How the radius of a peak follows from the box (ops/gaussian.py), and the overlap it keeps.
    radius_rule: str = "original"
    min_overlap: float = 0.7
    # original: boxes clipped to side - 1, every object of a shared cell trained, p clamped to 1e-4;
    # mmdet: clipped to the side, the last object of a shared cell, no clamp.
    variant: str = "original"
    # host: heat-maps are drawn in the input pipeline; device: in the training step, from lists of
    # objects, for hosts that cannot keep up.
    heatmap_on: str = "host"
    heatmap_weight: float = 1.0
    size_weight: float = 0.1
    offset_weight: float = 1.0
    # l1, or giou of the whole box, whose size_weight should be nearer 1.
    box_loss: str = "l1"
    # A size for each class, so that objects of two classes can share a centre (the original's
    # option of this name).
    cat_spec_wh: bool = False
    # predicted, or none: the middle of the cell.
    offset: str = "predicted"
    # One 3x3 convolution for all heads; groups of a group normalisation after it, or after those of
    # each head; 0 has none.
    shared_head: bool = False
    head_norm_groups: int = 0
    # Detections an image, and the side of the max-pool window that picks peaks.
    max_detections: int = 100
    peak_kernel: int = 3
    # Of two boxes of a class that overlap by more, the lower is dropped; 0 (published) keeps all.
    box_nms: float = 0.0

    def faults(self, config):
        """Returns a sentence for every setting that cannot be."""
        cells = config.data.input_size[0] * config.data.input_size[-1] // STRIDE**2
        hidden = self.head_channels or published_head_channels(config.model.backbone.name)
        checks = (
            *peak_checks(self),
            not_one_of("heatmap_on", self.heatmap_on, ("host", "device")),
            (
                self.head_channels < 0,
                f"model.options.head_channels must be 0 (the published) or more; got "
                f"{self.head_channels}.",
            ),
            (
                not 0 < self.max_detections <= cells,
                f"model.options.max_detections must be 1 to {cells}, the cells of the output map; "
                f"got {self.max_detections}.",
            ),
            not_one_of("box_loss", self.box_loss, ("l1", "giou")),
            not_one_of("offset", self.offset, ("predicted", "none")),
            (
                not 0.0 <= self.box_nms < 1.0,
                f"model.options.box_nms must be 0 (off) or more and below 1; got {self.box_nms}.",
            ),
            (
                self.head_norm_groups < 0 or hidden % max(self.head_norm_groups, 1) != 0,
                f"model.options.head_norm_groups must divide the {hidden} channels of the heads; "
                f"got {self.head_norm_groups}.",
            ),
        )
        return [sentence for wrong, sentence in checks if wrong] + backbone_faults(config)


class Detector(PointDetector):
    """Heat-map of centres, box size and sub-cell offset at stride 4."""

    network_options = ("head_channels", "cat_spec_wh", "offset", "shared_head", "head_norm_groups")
    # Sizes that start near 0 would overlap nothing, which teaches an overlap loss nothing.
    GIOU_SIZE_BIAS = 8.0

    @property
    def loss_names(self):
        """The keys of what `loss` returns."""
        names = ("loss", "heatmap_loss", "size_loss", "offset_loss")
        return names if self.options.offset == "predicted" else names[:-1]

    @property
    def map_size(self):
        """(height, width) of the output maps in cells."""
        return tuple(side // STRIDE for side in self.input_size)

    def build(self, input_size=None):
        """Returns the network: maps heatmap (logits, C), size (h, w) and offset (y, x)."""
        backbone = self.config.model.backbone
        images = keras.Input([*(input_size or self.input_size), 3], name="image")
        stacks = build_backbone(backbone, images)
        outputs = {}
        for features, prefix in zip(stacks, stack_prefixes(len(stacks))):
            outputs.update(self._heads(features, prefix))
        return keras.Model(images, outputs, name=f"centernet_{backbone.name}")

    def _heads(self, features, prefix):
        """Returns the maps of one stack by their prefixed names."""
        options, name = self.options, self.config.model.backbone.name
        hidden = options.head_channels or published_head_channels(name)
        start = {head: dict(regression_start(name)) for head in ("size", "offset")}
        start["heatmap"] = {"final_bias": heatmap_start(name)}
        if options.box_loss == "giou":
            start["size"]["final_bias"] = self.GIOU_SIZE_BIAS
        groups = options.head_norm_groups
        if options.shared_head:
            shared = hidden_layer(features, hidden, f"{prefix}shared", norm_groups=groups)
        outputs = {}
        for head, channels in self._head_channels().items():
            output = f"{prefix}{head}"
            if options.shared_head:
                kept = {k: v for k, v in start[head].items() if k in ("stddev", "final_bias")}
                outputs[output] = final_layer(shared, channels, output, **kept)
            else:
                outputs[output] = conv_head(
                    features, hidden, channels, output, **start[head], norm_groups=groups
                )
        return outputs

    def _head_channels(self):
        """Channels of the maps by name."""
        sizes = self.num_classes if self.options.cat_spec_wh else 1
        channels = {"heatmap": self.num_classes, "size": 2 * sizes}
        return {**channels, "offset": 2} if self.options.offset == "predicted" else channels

    def encode(self, boxes_px, classes, mask):
        """Returns the targets of `center_targets`, and class; see `PointDetector.encode`."""
        options = self.options
        original = options.variant == "original"
        targets = center_targets(
            boxes_px / float(STRIDE),
            classes,
            mask,
            self.map_size,
            self.num_classes,
            options.radius_rule,
            options.min_overlap,
            clip_margin=1 if original else 0,
            cell_owner="all" if original else "last",
            draw=options.heatmap_on == "host",
        )
        return {**targets, "class": classes}

    def complete_targets(self, targets):
        """Draws the heat-maps that `encode` left to the device."""
        if "heatmap" in targets:
            return targets
        peaks = [targets[f"peak_{name}"] for name in ("cell", "radius", "class")]
        heatmap = draw_gaussians_dense(*peaks, self.map_size, self.num_classes)
        return {**targets, "heatmap": heatmap}

    def normalizers(self, targets):
        """Returns the counts that the loss divides by: peaks of the heat-maps, and objects."""
        return {
            "peaks": count_peaks(targets["heatmap"]),
            "objects": tf.reduce_sum(targets["mask"]),
        }

    def loss(self, outputs, targets, normalizers=None):
        """Focal loss of the heat-map, L1 of size and offset (section 4); float32 scalars.

        The L1 sums are divided by twice the number of objects, as both originals do: half of what
        the paper's formula says. Of several stacks, the mean.
        """
        counts = normalizers or self.normalizers(targets)
        return mean_over_stacks(lambda stack: self._stack_loss(stack, targets, counts), outputs)

    def _stack_loss(self, outputs, targets, counts):
        options = self.options
        if options.variant == "original":
            clamp, values = 1e-4, 2.0 * counts["objects"] + 1e-4
        else:
            clamp, values = 0.0, 2.0 * tf.maximum(counts["peaks"], 1.0)
        heatmap = heatmap_focal_loss(outputs["heatmap"], targets["heatmap"], clamp)
        terms = {"heatmap_loss": heatmap / tf.maximum(counts["peaks"], 1.0)}
        where = targets["index"], targets["mask"]
        if options.box_loss == "giou":
            overlap = self._overlap_loss(outputs, targets)
            terms["size_loss"] = overlap / tf.maximum(counts["objects"], 1.0)
        else:
            total = sparse_l1_loss(outputs["size"], *where, targets["size"], targets["class"])
            terms["size_loss"] = total / values
        if options.offset == "predicted":
            total = sparse_l1_loss(outputs["offset"], *where, targets["offset"])
            terms["offset_loss"] = total / values
        weights = {
            "heatmap_loss": options.heatmap_weight,
            "size_loss": options.size_weight,
            "offset_loss": options.offset_weight,
        }
        return {"loss": sum(weights[name] * term for name, term in terms.items()), **terms}

    def _overlap_loss(self, outputs, targets):
        """Sums the GIoU losses of the objects' boxes."""
        index = targets["index"]
        size = gather_class_cells(outputs["size"], index, targets["class"])
        center = 0.5 if self.options.offset == "none" else gather_cells(outputs["offset"], index)
        size, center = tf.cast(size, tf.float32), tf.cast(center, tf.float32)
        boxes = sized_boxes(center + tf.zeros_like(size), size)
        losses = giou_loss(boxes, sized_boxes(targets["offset"], targets["size"]))
        return tf.reduce_sum(losses * targets["mask"])

    def merge_mirrored(self, outputs, mirrored):
        """Averages probabilities and sizes with the mirror image's; offsets stay the image's own.

        As the original's flip test, which turns the maps without a shift of cells.
        """
        size = (outputs["size"] + tf.reverse(mirrored["size"], axis=[2])) / 2.0
        heatmap = mean_logits(outputs["heatmap"], mirrored["heatmap"])
        return {**outputs, "heatmap": heatmap, "size": size}

    def decode(self, outputs):
        """Returns the `max_detections` best peaks as `Detections` in input pixels."""
        rows, threshold = self.options.max_detections, self.options.box_nms
        found = decode_centers(
            outputs["heatmap"],
            outputs["size"],
            outputs.get("offset"),
            rows,
            self.options.peak_kernel,
            STRIDE,
        )
        if not threshold:
            return found
        return class_nms(found.boxes, found.scores, found.classes, threshold, rows)

    def targets_to_outputs(self, targets):
        """Returns the maps that a perfect network would draw for batched targets.

        Objects of a shared cell are written in order, the last one wins, as maps can hold only one.
        """
        peak = targets["heatmap"]
        # Logit of the heat-map itself, finite at the ends.
        logits = tf.math.log(peak + 1e-6) - tf.math.log(1.0 - peak + 1e-6)
        outputs = {"heatmap": logits}
        height, width = self.map_size
        index, mask = targets["index"], targets["mask"]
        if self.options.offset == "predicted":
            outputs["offset"] = write_cells(index, mask, targets["offset"], self.map_size)
        if self.options.cat_spec_wh:
            # As if every cell were a row of one cell for each class.
            index, width = index * self.num_classes + targets["class"], width * self.num_classes
        size = write_cells(index, mask, targets["size"], (height, width))
        channels = self._head_channels()["size"]
        outputs["size"] = tf.reshape(size, [-1, *self.map_size, channels])
        return outputs
