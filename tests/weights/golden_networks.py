"""The narrow copies of the original networks: their settings here, and where their layers are."""

import dataclasses
from typing import Dict, Tuple

import keras
import numpy as np
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.detectors import make_detector
from centernet_tf.weights.importing import class_count, import_weights
from centernet_tf.weights.matching import Matching
from centernet_tf.weights.pytorch_file import open_pytorch_file

STAGES_18 = {f"c{i}": f"stage{i - 1}_block1_relu" for i in (2, 3, 4, 5)}
STAGES_50 = {
    f"c{i}": f"stage{i - 1}_block{blocks - 1}_relu" for i, blocks in zip((2, 3, 4, 5), (3, 4, 6, 3))
}
YX, TLBR = [1, 0], [1, 0, 3, 2]
XY_HEADS = {"heatmap": ("hm", None), "size": ("wh", YX), "offset": ("reg", YX)}
MM_HEADS = {"heatmap": ("heatmap_logit", None), "size": ("wh", YX), "offset": ("offset", YX)}
DECONV = {f"up{i}": f"neck{i}_up_relu" for i in range(3)}
MM_NECK = {
    "neck0": "neck0_relu",
    "neck1": "neck0_up_relu",
    "neck3": "neck1_up_relu",
    "neck5": "neck2_up_relu",
}


@dataclasses.dataclass(frozen=True)
class Golden:
    """One of the networks.

    Attributes:
      source: what `import_weights` is told.
      model: settings under `model`.
      features: our layers by the names of the vectors.
      heads: (name of the vector, order of its channels) by our map names.
      size: input (height, width).
    """

    source: str
    model: Dict
    features: Dict[str, str]
    heads: Dict[str, tuple]
    size: Tuple[int, int] = (128, 160)


def center(backbone, trunk, neck, **more):
    """Settings of a narrow CenterNet."""
    options = {"head_channels": 20, "max_detections": 20}
    widths = {"trunk_channels": trunk, "neck_channels": neck}
    return {"backbone": {"name": backbone, **widths, **more}, "options": options}


LEVELS = range(3, 8)
STRIDE = {f"box_p{level}": 2**level for level in LEVELS}


def pyramid_heads(classes, *more):
    """Vectors of the maps of every level: classes, boxes and others of the same names."""
    names = {classes: ("cls", None), "box": ("bbox", TLBR), **{name: (name, None) for name in more}}
    return {
        f"{ours}_p{level}": (f"{level - 3}.{theirs}", order)
        for ours, (theirs, order) in names.items()
        for level in LEVELS
    }


PYRAMID = {**STAGES_50, **{f"p{level}": f"fpn_output{level}" for level in LEVELS}}


def pyramid(detector, **options):
    """Settings of a narrow detector on a pyramid of Caffe's ResNet-50."""
    widths = {"trunk_channels": [4], "neck_channels": [24]}
    narrow = {"tower_depth": 2, "tower_channels": 64, "max_detections": 50, "tower_bias": False}
    backbone = {"name": "fpn_resnet50_caffe", **widths}
    return {"detector": detector, "backbone": backbone, "options": {**narrow, **options}}


NETWORKS = {
    "xy_res_18": Golden(
        "xingyizhou", center("res_18", [6], [20, 20, 20]), {**STAGES_18, **DECONV}, XY_HEADS
    ),
    "xy_res_50": Golden(
        "xingyizhou", center("res_50", [5], [20, 20, 20]), {**STAGES_50, **DECONV}, XY_HEADS
    ),
    "xy_resdcn_18": Golden(
        "xingyizhou",
        center("resdcn_18", [6], [32, 24, 16]),
        {**STAGES_18, "dcn0": "neck0_relu", **DECONV},
        XY_HEADS,
    ),
    "mm_centernet_r18": Golden(
        "mmdet", center("mmdet_resnet18", [16], [24, 20, 16]), {**STAGES_18, **MM_NECK}, MM_HEADS
    ),
    "mm_centernet_r18_dcn": Golden(
        "mmdet", center("mmdet_resnet18_dcn", [8], [24, 20, 16]), {**STAGES_18, **MM_NECK}, MM_HEADS
    ),
    "mm_centernet_r50": Golden(
        "mmdet", center("mmdet_resnet50", [5], [24, 20, 16]), {**STAGES_50, **MM_NECK}, MM_HEADS
    ),
    "mm_fcos_r50_caffe": Golden(
        "mmdet",
        pyramid("fcos", score_rule="product", nms_threshold=0.5),
        PYRAMID,
        pyramid_heads("class", "centerness"),
    ),
    "mm_fcos_r50_caffe_improved": Golden(
        "mmdet",
        pyramid(
            "fcos",
            score_rule="product",
            normalize_boxes=True,
            centerness_on="box",
            center_radius=1.5,
            tower_bias=True,
        ),
        PYRAMID,
        pyramid_heads("class", "centerness"),
    ),
    "mm_centernet_update_r50_caffe": Golden(
        "mmdet", pyramid("centernet_update"), PYRAMID, pyramid_heads("heatmap")
    ),
}


def stacked(heads):
    """Vectors of two stacks, by our names of their maps."""
    return {
        f"{prefix}{ours}": (f"{stack}.{theirs}", order)
        for stack, prefix in enumerate(("stack0_", ""))
        for ours, (theirs, order) in heads.items()
    }


def hourglass(blocks, **model):
    """Settings of a narrow hourglass of two stacks."""
    widths = {"trunk_channels": [12, 12, 20, 20, 20, 28], "neck_channels": [16]}
    backbone = {"name": "hourglass_104", **widths, "level_blocks": blocks}
    return {"backbone": backbone, **model}


DLA = {
    "level2": "level2_root_relu",
    "level3": "level3_tree2_root_relu",
    "level4": "level4_tree2_root_relu",
    "level5": "level5_root_relu",
}
DLA_CHANNELS = [4, 8, 12, 16, 22, 34]
NETWORKS["xy_dla_34"] = Golden(
    "xingyizhou",
    center("dla_34", DLA_CHANNELS, []),
    {
        **DLA,
        "dla_up0": "dlaup2_node3_relu",
        "dla_up1": "dlaup1_node2_relu",
        "dla_up2": "dlaup0_node1_relu",
        "ida_up_node1": "idaup_node1_relu",
        "ida_up_node2": "idaup_node2_relu",
    },
    XY_HEADS,
)
NETWORKS["xy_dlav0_34"] = Golden(
    "xingyizhou",
    center("dlav0_34", DLA_CHANNELS, []),
    {
        **DLA,
        "ida0_node1": "dlaup0_node1_relu",
        "ida1_node2": "dlaup1_node2_relu",
        "dla_up": "dlaup2_node3_relu",
    },
    XY_HEADS,
)
# Pose and 3-D boxes, whose centres, sizes and offsets CenterNet reads.
WITH_MORE_HEADS = {
    "xy_multi_pose_dla_34": NETWORKS["xy_dla_34"],
    "xy_ddd_dla_34": NETWORKS["xy_dla_34"],
}
CORNERS = {
    f"{corner}_{ours}": (f"{corner}_{theirs}", order)
    for corner in ("tl", "br")
    for ours, theirs, order in (
        ("heatmap", "heat", None),
        ("tag", "emb", None),
        ("offset", "off", YX),
    )
}
NETWORKS["xy_hourglass"] = Golden(
    "xingyizhou",
    hourglass([1, 2, 1, 1, 1, 2], options={"head_channels": 12, "max_detections": 20}),
    {
        "pre": "pre1_relu",
        "kps0": "hourglass0_add",
        "cnvs0": "feature0_relu",
        "inters0": "merge0_block_relu",
        "kps1": "hourglass1_add",
        "cnvs1": "feature1_relu",
    },
    stacked(XY_HEADS),
    (128, 128),
)
NETWORKS["mm_cornernet_hg"] = Golden(
    "mmdet",
    hourglass(
        [1, 2, 1, 1, 1, 2],
        detector="cornernet",
        options={
            "pool_channels": 10,
            "head_channels": 20,
            "corners": 32,
            "max_detections": 50,
            "variant": "mmdet",
        },
    ),
    {
        "stem": "pre1_relu",
        "hg0": "hourglass0_add",
        "out0": "feature0_relu",
        "inter0": "merge0_block_relu",
        "hg1": "hourglass1_add",
        "out1": "feature1_relu",
        "br_pool0": "stack0_br_pool_out_relu",
        "tl_pool1": "tl_pool_out_relu",
    },
    stacked(CORNERS),
    (128, 128),
)


@dataclasses.dataclass(frozen=True)
class Imported:
    """A network with the weights of its file, and the vectors of its originals."""

    golden: Golden
    detector: object
    network: keras.Model
    matching: Matching
    vectors: Dict[str, np.ndarray]

    @property
    def images(self):
        return tf.constant(self.vectors["input"].transpose(0, 2, 3, 1))

    def expected(self, kind, name):
        """A vector of one of our maps in our layout."""
        theirs, order = self.golden.heads[name]
        values = self.vectors[f"{kind}.{theirs}"].transpose(0, 2, 3, 1)
        return values if order is None else values[..., order]

    def noise(self, name):
        """Four times what float32 costs the original, or 0 where that was not measured."""
        return 4.0 * float(self.vectors.get(f"noise.{name}", 0.0))


def load(folder, name, file=None) -> Imported:
    """Builds a network, imports its weights as the pipeline does, and reads its vectors."""
    golden = (NETWORKS | WITH_MORE_HEADS)[name]
    settings = {"model": golden.model, "data": {"input_size": list(golden.size)}}
    config = load_config([], [str(settings)])
    weights = open_pytorch_file(str(folder / (file or f"{name}.pth")))
    detector = make_detector(config, class_count(weights, golden.source))
    network = detector.build()
    matching = import_weights(network, weights, golden.source, config.model.backbone.name)
    with np.load(folder / f"{name}.npz") as vectors:
        return Imported(golden, detector, network, matching, dict(vectors))
