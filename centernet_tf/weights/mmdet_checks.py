"""What mmdet notes beside its weights against the configured network.

Of these the shapes of the weights tell nothing: a wrong choice would be imported without a word and
detect badly.
"""

from centernet_tf.errors import UserError
from centernet_tf.weights.mmdet_text import noted_flag, noted_style
from centernet_tf.weights.preprocessing import is_caffe


def check_notes(text: str, config) -> str:
    """Compares the text of mmdet's configuration with the experiment.

    Args:
      text: `PytorchFile.configuration`.
      config: `ExperimentConfig`.

    Returns:
      a sentence on what the text leaves open, or ''.

    Raises:
      UserError: the text names another kind of ResNet, or of FCOS's boxes.
    """
    _check_boxes(text, config.model)
    name = config.model.backbone.name
    # In blocks of two convolutions the strides are where they are in either kind.
    if not name.startswith("fpn_resnet") or name.endswith(("18", "34")):
        return ""
    style, kind = noted_style(text), "caffe" if is_caffe(name) else "pytorch"
    if not style:
        return (
            f"The file does not say whether its ResNet is of style 'caffe' or 'pytorch'; it was "
            f"taken for '{kind}', as model.backbone.name={name} says."
        )
    if style != kind:
        bare = name.removesuffix("_caffe")
        right = f"{bare}_caffe" if style == "caffe" else bare
        raise UserError(
            f"The checkpoint's ResNet is of style '{style}', model.backbone.name={name} is of "
            f"'{kind}'; set model.backbone.name={right}."
        )
    return ""


def _check_boxes(text, model):
    if model.detector != "fcos" or "FCOSHead" not in text:
        return
    noted = bool(noted_flag(text, "norm_on_bbox"))
    if noted != model.options.normalize_boxes:
        raise UserError(
            f"The checkpoint was trained with norm_on_bbox={noted}; set "
            f"model.options.normalize_boxes={str(noted).lower()}."
        )
