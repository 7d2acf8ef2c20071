"""Tells from the names of its weights which network of ours a file holds."""

import re

# ResNets by the number of blocks of the third stage and whether blocks are bottlenecks.
_DEPTHS = {(2, False): 18, (6, False): 34, (6, True): 50, (23, True): 101, (36, True): 152}


def architecture_of(tensors) -> str:
    """Returns the value of model.backbone.name that the weights are of, or '' where they do not
    tell.

    Args:
      tensors: mapping or list of keys without `module.`.
    """
    if "base.base_layer.0.weight" in tensors:
        deformable = any(key.startswith("ida_up.") for key in tensors)
        return "dla_34" if deformable else "dlav0_34"
    if "kps.0.up1.0.conv1.weight" in tensors or _has(tensors, r"backbone\.hourglass_modules\."):
        two = "kps.1.up1.0.conv1.weight" in tensors or _has(tensors, r".*hourglass_modules\.1\.")
        return "hourglass_104" if two else "hourglass_52"
    depth = resnet_depth(tensors)
    return _resnet(tensors, _prefix(tensors), depth) if depth else ""


def resnet_depth(tensors) -> int:
    """Returns the depth of the ResNet that the weights hold, or 0.

    Args:
      tensors: see `architecture_of`.
    """
    prefix = _prefix(tensors)
    blocks = {key.split(".")[-3] for key in tensors if key.startswith(f"{prefix}layer3.")}
    count = len([block for block in blocks if block.isdigit()])
    return _DEPTHS.get((count, f"{prefix}layer1.0.conv3.weight" in tensors), 0)


def resnet_widths(tensors) -> dict:
    """Returns the settings that give a ResNet, its neck and heads the widths of the weights.

    Args:
      tensors: by key, with a `shape` each; of another network {}.
    """
    stem = tensors.get(f"{_prefix(tensors)}conv1.weight")
    if stem is None:
        return {}
    widths = {"model.backbone.trunk_channels": [stem.shape[0]]}
    steps = {}
    for key, tensor in tensors.items():
        step = re.fullmatch(r"(?:neck\.)?deconv_layers\.(\d+)(?:\.conv)?\.weight", key)
        # Transposed convolutions: (in, out, 4, 4).
        if step and tensor.shape[2:] == (4, 4):
            steps[int(step.group(1))] = tensor.shape[1]
    if steps:
        widths["model.backbone.neck_channels"] = [steps[step] for step in sorted(steps)]
    for key in ("hm.0.weight", "bbox_head.heatmap_head.0.weight"):
        if key in tensors:
            widths["model.options.head_channels"] = tensors[key].shape[0]
    return widths


def _prefix(tensors):
    return "backbone." if "backbone.conv1.weight" in tensors else ""


def _resnet(tensors, prefix, depth):
    if "neck.fpn_convs.0.conv.weight" in tensors:
        return f"fpn_resnet{depth}_caffe or fpn_resnet{depth}"
    if prefix and _has(tensors, r"neck\.deconv_layers\."):
        deformable = _has(tensors, r"neck\.deconv_layers\.0\.conv[._](?:conv_)?offset.*")
        return f"mmdet_resnet{depth}{'_dcn' if deformable else ''}"
    if _has(tensors, r"deconv_layers\."):
        deformable = _has(tensors, r"deconv_layers\.0\.conv_offset")
        return f"{'resdcn' if deformable else 'res'}_{depth}"
    return ""


def _has(tensors, pattern):
    return any(re.match(pattern, key) for key in tensors)
