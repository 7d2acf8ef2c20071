"""CornerNet: an object is the pair of its corners (Law and Deng 2018)."""

import dataclasses

import keras
import tensorflow as tf
from official.modeling import hyperparams

from centernet_tf.backbones import STRIDE, backbone_faults, build_backbone
from centernet_tf.backbones.published_heads import HEATMAP_BIAS
from centernet_tf.detectors import PointDetector
from centernet_tf.detectors.option_faults import peak_checks
from centernet_tf.detectors.stacks import mean_over_stacks, stack_prefixes
from centernet_tf.layers.corner_pool import corner_module
from centernet_tf.layers.head import conv_head
from centernet_tf.ops.associative_embedding import pull_push_losses
from centernet_tf.ops.corner_decode import pair_corners, top_keypoints
from centernet_tf.ops.detection_lists import best, joined, mirrored_boxes
from centernet_tf.ops.focal_loss import count_peaks, heatmap_focal_loss
from centernet_tf.ops.keypoint_targets import keypoint_targets
from centernet_tf.ops.shared_cells import write_cells
from centernet_tf.ops.soft_nms import class_soft_nms
from centernet_tf.ops.sparse_l1 import gather_cells
from centernet_tf.ops.sparse_smooth_l1 import sparse_smooth_l1_loss

MIRRORED = "mirrored_"


@dataclasses.dataclass
class Options(hyperparams.Config):
    """CornerNet's own settings; the defaults are the original's."""

    # Channels of the pooled branches, and hidden channels of each head.
    pool_channels: int = 128
    head_channels: int = 256
    # How the radius of a peak follows from the box (ops/gaussian.py), and the overlap it keeps.
    radius_rule: str = "cornernet"
    min_overlap: float = 0.3
    # original: boxes clipped to side - 1, every object of a shared cell trained, p clamped to 1e-4,
    # losses of the corners added, stacks averaged; mmdet: boxes clipped to the side, the last
    # object of a shared cell, no clamp, corners averaged, stacks added (tags weigh twice as much).
    variant: str = "original"
    heatmap_weight: float = 1.0
    offset_weight: float = 1.0
    pull_weight: float = 0.1
    push_weight: float = 0.1
    # The original sums pull and push over the images of a GPU, of which its recipe has 5; here they
    # are means over the global batch times this, which no batch size or number of replicas changes.
    tag_images: float = 5.0
    # Corners of each kind and pairs of them an image, the side of the max-pool window that picks
    # peaks, and the tag distance above which corners do not belong together.
    corners: int = 100
    pairs: int = 1000
    peak_kernel: int = 3
    max_tag_distance: float = 0.5
    # Detections an image, after soft-NMS class by class. Without soft_nms they are the best pairs
    # as they come, for evaluation.scales, which merges scales with soft-NMS itself.
    max_detections: int = 100
    soft_nms: bool = True
    soft_nms_sigma: float = 0.5
    soft_nms_floor: float = 0.001

    def faults(self, config):
        """Returns a sentence for every setting that cannot be."""
        height, width = map_sides(config.data.input_size)
        checks = (
            *peak_checks(self),
            (
                min(self.head_channels, self.pool_channels) < 1,
                "model.options.head_channels and pool_channels must be at least 1; got "
                f"{self.head_channels} and {self.pool_channels}.",
            ),
            (
                not 0 < self.corners <= height * width,
                f"model.options.corners must be 1 to {height * width}, the cells of the output "
                f"map; got {self.corners}.",
            ),
            (
                not 0 < self.max_detections <= self.pairs <= self.corners**2,
                "model.options must have 0 < max_detections <= pairs <= corners * corners; got "
                f"{self.max_detections}, {self.pairs} and {self.corners}.",
            ),
            (
                self.soft_nms_sigma <= 0 or self.tag_images <= 0,
                "model.options.soft_nms_sigma and tag_images must be positive; got "
                f"{self.soft_nms_sigma} and {self.tag_images}.",
            ),
        )
        faults = [sentence for wrong, sentence in checks if wrong]
        return faults + backbone_faults(config, one_less=True)


class Detector(PointDetector):
    """Heat-maps, tags and sub-cell offsets of top-left and bottom-right corners at stride 4."""

    network_options = ("pool_channels", "head_channels")

    loss_names = ("loss", "heatmap_loss", "offset_loss", "pull_loss", "push_loss")
    keypoints = ("tl", "br")

    @property
    def map_size(self):
        """(height, width) of the output maps in cells."""
        return map_sides(self.input_size)

    def build(self, input_size=None):
        """Returns the network: maps N_heatmap (logits, C), N_tag (1), N_offset (y, x), N tl and br.

        Layers: of the backbone; tl_pool_* and br_pool_* (`layers/corner_pool.py`); N_heatmap_*,
        N_tag_*, N_offset_* (`layers/head.py`); those of earlier stacks with their prefix.
        """
        backbone = self.config.model.backbone
        images = keras.Input([*(input_size or self.input_size), 3], name="image")
        stacks = build_backbone(backbone, images)
        outputs = {}
        for features, prefix in zip(stacks, stack_prefixes(len(stacks))):
            for name in self.keypoints:
                outputs |= self._heads(self._pooled(features, name, prefix), f"{prefix}{name}")
        return keras.Model(images, outputs, name=f"{self.config.model.detector}_{backbone.name}")

    def _pooled(self, features, keypoint, prefix):
        """The prediction module of one kind of keypoint in one stack."""
        channels, method = self.options.pool_channels, pool_method(self.config)
        return corner_module(features, keypoint, channels, f"{prefix}{keypoint}_pool", method)

    def _heads(self, features, keypoint):
        """The maps of one kind of keypoint in one stack by their names."""
        maps = {"heatmap": self.num_classes, "tag": 1, "offset": 2}
        if keypoint.endswith("center"):
            del maps["tag"]
        hidden = self.options.head_channels
        return {
            f"{keypoint}_{name}": conv_head(
                features,
                hidden,
                channels,
                f"{keypoint}_{name}",
                final_bias=HEATMAP_BIAS if name == "heatmap" else None,
            )
            for name, channels in maps.items()
        }

    def encode(self, boxes_px, classes, mask):
        """Returns the targets of `keypoint_targets`; see `PointDetector.encode`.

        Boxes are clipped to the input; those of which nothing is left are dropped.
        """
        options, margin = self.options, 1.0 if self.options.variant == "original" else 0.0
        limit = tf.constant([side - margin for side in self.input_size] * 2, tf.float32)
        cells = [size / side for size, side in zip(self.map_size, self.input_size)] * 2
        return keypoint_targets(
            tf.clip_by_value(boxes_px, 0.0, limit) * tf.constant(cells, tf.float32),
            classes,
            mask,
            self.map_size,
            self.num_classes,
            options.radius_rule,
            options.min_overlap,
            cell_owner="last" if options.variant == "mmdet" else "all",
            names=self.keypoints,
        )

    def normalizers(self, targets):
        """Returns what the loss divides by: peaks and trained offsets of each keypoint, images."""
        counts = {"images": tf.reduce_sum(tf.ones_like(targets["mask"][:, 0]))}
        for name in self.keypoints:
            counts[f"{name}_peaks"] = count_peaks(targets[f"{name}_heatmap"])
            counts[f"{name}_offsets"] = tf.reduce_sum(targets[f"{name}_mask"])
        return counts

    def loss(self, outputs, targets, normalizers=None):
        """Focal loss of the heat-maps, smooth L1 of the offsets, pull and push of the tags.

        As section 3 says, with the original's or mmdet's ways of averaging; float32 scalars.
        """
        counts = normalizers or self.normalizers(targets)
        losses = mean_over_stacks(lambda maps: self._stack_loss(maps, targets, counts), outputs)
        if self.options.variant == "mmdet":
            stacks = len(outputs) // len(self._map_names)
            losses = {name: value * stacks for name, value in losses.items()}
        return losses

    def _stack_loss(self, maps, targets, counts):
        options, mmdet = self.options, self.options.variant == "mmdet"
        share = 0.5 if mmdet else 1.0
        terms = {"heatmap_loss": 0.0, "offset_loss": 0.0}
        for name in self.keypoints:
            target = [targets[f"{name}_{key}"] for key in ("index", "mask", "offset")]
            heatmap = heatmap_focal_loss(
                maps[f"{name}_heatmap"], targets[f"{name}_heatmap"], 0.0 if mmdet else 1e-4
            )
            offset = sparse_smooth_l1_loss(maps[f"{name}_offset"], *target)
            trained = counts[f"{name}_offsets"]
            divisor = tf.maximum(trained, 1.0) if mmdet else trained + 1e-4
            terms["heatmap_loss"] += share * heatmap / tf.maximum(counts[f"{name}_peaks"], 1.0)
            terms["offset_loss"] += share * offset / divisor
        tags = [
            tf.cast(gather_cells(maps[f"{name}_tag"], targets[f"{name}_index"])[..., 0], tf.float32)
            for name in ("tl", "br")
        ]
        pull, push = pull_push_losses(*tags, targets["mask"])
        images = options.tag_images / counts["images"]
        terms |= {"pull_loss": pull * images, "push_loss": push * images}
        weights = {
            "heatmap_loss": options.heatmap_weight,
            "offset_loss": options.offset_weight,
            "pull_loss": options.pull_weight,
            "push_loss": options.push_weight,
        }
        return {"loss": sum(weights[name] * value for name, value in terms.items()), **terms}

    @property
    def _map_names(self):
        maps = [f"{name}_{kind}" for name in self.keypoints for kind in ("heatmap", "offset")]
        return maps + ["tl_tag", "br_tag"]

    def merge_mirrored(self, outputs, mirrored):
        """Keeps both images' maps: `decode` merges what it finds in them, as the original does."""
        return {**outputs, **{f"{MIRRORED}{name}": value for name, value in mirrored.items()}}

    def decode(self, outputs):
        """Returns the best pairs of corners as `Detections` in input pixels."""
        options = self.options
        found = self._pairs(outputs, "")
        if f"{MIRRORED}tl_heatmap" in outputs:
            turned = self._pairs(outputs, MIRRORED)
            boxes = mirrored_boxes(turned.boxes, self._frame(outputs)[1])
            found = joined(found, turned._replace(boxes=boxes))
        if options.soft_nms:
            return class_soft_nms(
                found.boxes,
                found.scores,
                found.classes,
                options.max_detections,
                options.soft_nms_sigma,
                options.soft_nms_floor,
                one_pixel=0.0 if options.variant == "mmdet" else 1.0,
            )
        return best(found, options.max_detections)

    def _pairs(self, outputs, prefix):
        """The pairs of corners in the maps of this prefix, in the frame of those maps."""
        options, size = self.options, self._frame(outputs)
        corners = [self._top(outputs, f"{prefix}{name}", options.corners) for name in ("tl", "br")]
        return pair_corners(*corners, size, options.max_tag_distance, options.pairs)

    def _top(self, outputs, name, count):
        return top_keypoints(
            outputs[f"{name}_heatmap"],
            outputs[f"{name}_offset"],
            outputs.get(f"{name}_tag"),
            count,
            self.options.peak_kernel,
            self._frame(outputs),
        )

    def _frame(self, outputs):
        """(height, width) in pixels of the input that the maps belong to."""
        heatmap = outputs["tl_heatmap"]
        sides = (heatmap.shape[axis] or tf.shape(heatmap)[axis] for axis in (1, 2))
        return [cells * STRIDE - (-side) % STRIDE for cells, side in zip(sides, self.input_size)]

    def targets_to_outputs(self, targets):
        """Returns the maps that a perfect network would draw for batched targets.

        The tags of the objects are 1, 2, 3, ...; of several corners in a cell, the last one wins.
        """
        outputs = {}
        count = tf.shape(targets["mask"])[1]
        tags = tf.ones_like(targets["mask"]) * (1.0 + tf.cast(tf.range(count), tf.float32))
        for name in self.keypoints:
            peak, place = targets[f"{name}_heatmap"], targets[f"{name}_index"]
            values = {"offset": targets[f"{name}_offset"], "tag": tags[..., tf.newaxis]}
            # Logit of the heat-map itself, finite at the ends.
            outputs[f"{name}_heatmap"] = tf.math.log(peak + 1e-6) - tf.math.log(1.0 - peak + 1e-6)
            for kind, value in values.items():
                if f"{name}_{kind}" in self._map_names:
                    maps = write_cells(place, targets["mask"], value, self.map_size)
                    outputs[f"{name}_{kind}"] = maps
        return outputs


def map_sides(input_size):
    """(height, width) in cells of the maps of an input, which may be one less than a multiple."""
    return tuple(-(-side // STRIDE) for side in input_size)


def pool_method(config):
    """How corners are pooled: 'doubling' for XLA and GPUs, 'running' on a CPU (BUILD_NOTES.md)."""
    compiled = config.runtime.xla == "on" or config.runtime.strategy == "tpu"
    return "doubling" if compiled or tf.config.list_physical_devices("GPU") else "running"
