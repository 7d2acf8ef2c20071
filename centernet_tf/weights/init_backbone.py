"""Training that starts from ImageNet weights: the trunk's, whatever neck and heads follow."""

import dataclasses
import re

import numpy as np

from centernet_tf.count_of import count_of
from centernet_tf.errors import UserError
from centernet_tf.quote import listed
from centernet_tf.settings import DataConfig
from centernet_tf.weights import torchvision
from centernet_tf.weights.advice import advice
from centernet_tf.weights.importing import assign, check_complete
from centernet_tf.weights.match_table import match_table
from centernet_tf.weights.matching import match_weights
from centernet_tf.weights.preprocessing import Preprocessing, is_caffe, of_imagenet
from centernet_tf.weights.pytorch_file import open_pytorch_file


def init_backbone(network, path: str, backbone_name: str, data: DataConfig) -> str:
    """Gives the trunk of a network the weights of an ImageNet classifier.

    Where the channels come in the other order here, the first kernel is turned around, so that it
    sees what it was trained on. Offsets of deformable layers keep their zeros.

    Args:
      network: what a detector's `build` returned.
      path: of a file of `torch.save`.
      backbone_name: model.backbone.name.
      data: says how images are prepared.

    Returns:
      a table of what went where, and a sentence where mean and deviation are not the weights'.

    Raises:
      UserError: the file cannot be read, or has not all of the trunk, or more.
    """
    if path == "imagenet":
        raise UserError(
            f"model.backbone.init_checkpoint=imagenet is for MobileNets. {_suitable(backbone_name)}"
        )
    file, expected = open_pytorch_file(path), of_imagenet(backbone_name)
    flip = data.channel_order != expected.channel_order
    rules = torchvision.rules(flip)
    matching = match_weights(network, file.tensors, rules, torchvision.UNUSED)
    if not matching.pairs and not matching.mismatched:
        raise UserError(
            f"The checkpoint {path} has no weight of the trunk of '{backbone_name}'; its weights "
            f"are {listed(file.tensors)}. {_suitable(backbone_name)}"
        )
    random = [name for name in matching.missing if not torchvision.is_trunk(name)]
    trunk = dataclasses.replace(
        matching,
        missing=tuple(name for name in matching.missing if name not in random),
        # The biases of a deformable neck are as random as the neck.
        zeros=(),
    )
    check_complete(trunk, file, "torchvision", backbone_name)
    _check_depth(trunk, file, backbone_name)
    assign(trunk, file)
    told = [match_table(dataclasses.replace(trunk, missing=matching.missing), path, random)]
    if flip:
        told.append(f"The first kernel is turned to {data.channel_order.upper()}.")
    if is_caffe(backbone_name):
        told.append(
            f"'{backbone_name}' takes weights of Caffe's ResNet; torchvision's, whose strides are "
            "elsewhere, would have to be learnt anew."
        )
    return "\n".join(told + _difference(data, expected, flip))


def _suitable(backbone_name):
    """Which files there are for a trunk."""
    if backbone_name.startswith("hourglass"):
        return "No ImageNet weights of hourglasses were published; leave init_checkpoint empty."
    if backbone_name.startswith("dla"):
        return "Give DLA-34's ImageNet classifier, dla34-ba72cf86.pth."
    depth = re.search(r"\d+", backbone_name).group()
    return f"Give an ImageNet classifier such as torchvision's resnet{depth}-*.pth."


def _check_depth(matching, file, backbone_name):
    """Blocks of the file's trunk without a place are those of a deeper one."""
    keys = [
        key for key, why in matching.unused.items() if not why and torchvision.is_trunk_key(key)
    ]
    if keys:
        raise UserError(
            f"The checkpoint {file.path} has {count_of(len(keys), 'weight')} of a trunk that "
            f"'{backbone_name}' has no place for: {listed(keys)}."
            f"{advice(file.tensors, backbone_name)}"
        )


def _difference(data, expected: Preprocessing, flip):
    """A sentence where images are scaled otherwise than the weights are used to."""
    theirs = np.array([expected.mean, expected.std])[:, :: -1 if flip else 1]
    if np.allclose(theirs, [data.mean, data.std], atol=1.0):
        return []
    mean, std = ([round(float(value), 3) for value in row] for row in theirs)
    return [
        f"These weights are used to data.mean: {mean} and data.std: {std}; the configuration has "
        f"{[round(value, 3) for value in data.mean]} and "
        f"{[round(value, 3) for value in data.std]}, which training has to make up for."
    ]
