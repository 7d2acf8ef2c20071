"""CenterNet: an object is the centre of its box ("Objects as Points", Zhou et al. 2019)."""

import dataclasses

import keras
import tensorflow as tf
from official.modeling import hyperparams

from centernet_tf.backbones import STRIDE, build_backbone, size_faults
from centernet_tf.backbones.published_heads import published_head_channels, regression_start
from centernet_tf.detectors import PointDetector
from centernet_tf.detectors.stacks import mean_over_stacks, stack_prefixes
from centernet_tf.errors import nearest
from centernet_tf.layers.head import conv_head
from centernet_tf.ops.center_decode import decode_centers
from centernet_tf.ops.center_targets import center_targets
from centernet_tf.ops.focal_loss import count_peaks, heatmap_focal_loss
from centernet_tf.ops.gaussian import draw_gaussians_dense
from centernet_tf.ops.shared_cells import write_cells
from centernet_tf.ops.sparse_l1 import sparse_l1_loss

RADIUS_RULES = ("original", "original_exact", "cornernet", "mmdet")


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
    # Detections an image, and the side of the max-pool window that picks peaks.
    max_detections: int = 100
    peak_kernel: int = 3

    def faults(self, config):
        """Returns a sentence for every setting that cannot be."""
        cells = config.data.input_size[0] * config.data.input_size[-1] // STRIDE**2
        checks = (
            (
                self.radius_rule not in RADIUS_RULES,
                f"model.options.radius_rule must be one of {', '.join(RADIUS_RULES)}; got "
                f"'{self.radius_rule}'.{nearest(self.radius_rule, RADIUS_RULES)}",
            ),
            (
                self.variant not in ("original", "mmdet"),
                f"model.options.variant must be original or mmdet; got '{self.variant}'.",
            ),
            (
                self.heatmap_on not in ("host", "device"),
                f"model.options.heatmap_on must be host or device; got '{self.heatmap_on}'.",
            ),
            (
                not 0.0 < self.min_overlap < 1.0,
                f"model.options.min_overlap must lie between 0 and 1; got {self.min_overlap}.",
            ),
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
            (
                self.peak_kernel < 1 or self.peak_kernel % 2 == 0,
                f"model.options.peak_kernel must be odd; got {self.peak_kernel}.",
            ),
        )
        return [sentence for wrong, sentence in checks if wrong] + size_faults(config)


class Detector(PointDetector):
    """Heat-map of centres, box size and sub-cell offset at stride 4."""

    # log(0.1 / 0.9) to the two places of the original: every cell starts at probability 0.1.
    HEATMAP_BIAS = -2.19
    loss_names = ("loss", "heatmap_loss", "size_loss", "offset_loss")

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
        name = self.config.model.backbone.name
        hidden = self.options.head_channels or published_head_channels(name)
        start = {"heatmap": {"final_bias": self.HEATMAP_BIAS}}
        channels = {"heatmap": self.num_classes, "size": 2, "offset": 2}
        return {
            f"{prefix}{head}": conv_head(
                features,
                hidden,
                count,
                f"{prefix}{head}",
                **start.get(head, regression_start(name)),
            )
            for head, count in channels.items()
        }

    def encode(self, boxes_px, classes, mask):
        """Returns the targets of `center_targets`; see `PointDetector.encode`."""
        options = self.options
        original = options.variant == "original"
        return center_targets(
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
        for name in ("size", "offset"):
            total = sparse_l1_loss(outputs[name], targets["index"], targets["mask"], targets[name])
            terms[f"{name}_loss"] = total / values
        total = (
            options.heatmap_weight * terms["heatmap_loss"]
            + options.size_weight * terms["size_loss"]
            + options.offset_weight * terms["offset_loss"]
        )
        return {"loss": total, **terms}

    def merge_mirrored(self, outputs, mirrored):
        """Averages probabilities and sizes with the mirror image's; offsets stay the image's own.

        As the original's flip test, which turns the maps without a shift of cells.
        """
        turned = {name: tf.reverse(mirrored[name], axis=[2]) for name in ("heatmap", "size")}
        mean = (tf.sigmoid(outputs["heatmap"]) + tf.sigmoid(turned["heatmap"])) / 2.0
        return {
            **outputs,
            # The decoder takes logits; probabilities of exactly 1 must stay finite.
            "heatmap": tf.math.log(mean) - tf.math.log1p(-tf.minimum(mean, 1.0 - 1e-7)),
            "size": (outputs["size"] + turned["size"]) / 2.0,
        }

    def decode(self, outputs):
        """Returns the `max_detections` best peaks as `Detections` in input pixels."""
        return decode_centers(
            outputs["heatmap"],
            outputs["size"],
            outputs["offset"],
            self.options.max_detections,
            self.options.peak_kernel,
            STRIDE,
        )

    def targets_to_outputs(self, targets):
        """Returns the maps that a perfect network would draw for batched targets.

        Objects of a shared cell are written in order, the last one wins, as maps can hold only one.
        """
        peak = targets["heatmap"]
        # Logit of the heat-map itself, finite at the ends.
        logits = tf.math.log(peak + 1e-6) - tf.math.log(1.0 - peak + 1e-6)
        outputs = {"heatmap": logits}
        for name in ("size", "offset"):
            outputs[name] = write_cells(
                targets["index"], targets["mask"], targets[name], self.map_size
            )
        return outputs
