"""How images were prepared for the networks that weights come from."""

import dataclasses
from typing import Tuple

from centernet_tf.settings import DataConfig
from centernet_tf.weights.mmdet_text import noted_preparation
from centernet_tf.weights.pytorch_file import PytorchFile


@dataclasses.dataclass(frozen=True)
class Preprocessing:
    """Order of the channels, and mean and standard deviation in that order, in 0..255."""

    channel_order: str
    mean: Tuple[float, ...]
    std: Tuple[float, ...]

    def settings(self) -> dict:
        """What `data` must say."""
        return {
            "channel_order": self.channel_order,
            "mean": list(self.mean),
            "std": list(self.std),
        }

    def __str__(self):
        mean, std = (", ".join(f"{value:g}" for value in part) for part in (self.mean, self.std))
        return f"{self.channel_order.upper()}, (pixels in 0..255 - [{mean}]) / [{std}]"


IMAGENET_RGB = Preprocessing("rgb", (123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
CAFFE_BGR = Preprocessing("bgr", (103.53, 116.28, 123.675), (1.0, 1.0, 1.0))
# mmdet's base configuration of FCOS has the means of an older Caffe model.
FCOS_BGR = Preprocessing("bgr", (102.9801, 115.9465, 122.7717), (1.0, 1.0, 1.0))
# The constants of COCO in xingyizhou/CenterNet, which are the defaults of `DataConfig`.
COCO_BGR = Preprocessing("bgr", tuple(DataConfig().mean), tuple(DataConfig().std))
# On Pascal and KITTI the same code takes ImageNet's constants, those of RGB, for images in BGR.
PASCAL_BGR = Preprocessing("bgr", IMAGENET_RGB.mean, IMAGENET_RGB.std)


def preprocessing_of(source: str, file: PytorchFile, config, num_classes: int) -> Preprocessing:
    """Returns the preparation that belongs to published weights.

    mmdet writes it into its files; of a file without it, what mmdet's configurations say.

    Args:
      source: 'xingyizhou' or 'mmdet'.
      file: the checkpoint.
      config: the experiment that the weights are for.
      num_classes: 20 stands for Pascal VOC.
    """
    if source == "xingyizhou":
        # Depth is what the original predicts on KITTI alone.
        is_kitti = any(name.startswith("dep.") for name in file.tensors)
        return PASCAL_BGR if num_classes == 20 or is_kitti else COCO_BGR
    noted = noted_preparation(file.configuration)
    if noted:
        return Preprocessing(*noted)
    if not is_caffe(config.model.backbone.name):
        return IMAGENET_RGB
    is_base_fcos = config.model.detector == "fcos" and not config.model.options.normalize_boxes
    return FCOS_BGR if is_base_fcos else CAFFE_BGR


def is_caffe(backbone_name: str) -> bool:
    """Says whether the trunk is Caffe's ResNet, whose strides are elsewhere than torchvision's."""
    return backbone_name.endswith("_caffe")


def of_imagenet(backbone_name: str) -> Preprocessing:
    """Returns the preparation of the ImageNet weights that suit a backbone."""
    return CAFFE_BGR if is_caffe(backbone_name) else IMAGENET_RGB
