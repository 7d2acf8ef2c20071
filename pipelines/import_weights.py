r"""Turns a published PyTorch checkpoint into a model directory; needs no PyTorch.

    python -m pipelines.import_weights --source=xingyizhou --checkpoint=ctdet_coco_resdcn18.pth \
      --config_file=configs/coco_resnet18_dcn.yaml --output=runs/published

--source=xingyizhou reads checkpoints of xingyizhou/CenterNet, --source=mmdet those of mmdet. Either
writes what training would: params.yaml, labels.json and a checkpoint, with the preparation of
images that belongs to the weights, for pipelines.evaluate, pipelines.export and pipelines.predict.
--source=torchvision checks an ImageNet classifier against the backbone and writes a params.yaml to
train with. Nothing that a checkpoint names is imported or run.
"""

from absl import flags

from centernet_tf import cli

flags.DEFINE_enum(
    "source", None, ["xingyizhou", "mmdet", "torchvision"], "Code that the checkpoint is of."
)
flags.DEFINE_string("checkpoint", None, "File written by torch.save: .pth, .pt or .pkl.")
flags.DEFINE_multi_string("config_file", [], "YAML file of the network that the weights are of.")
flags.DEFINE_multi_string("params_override", [], "Settings such as model.backbone.name=resdcn_101")
flags.DEFINE_string("output", None, "Folder to write.")
flags.DEFINE_string(
    "labels", None, "File of class names, where they are neither COCO's nor Pascal VOC's."
)
flags.DEFINE_bool(
    "allow_unused", False, "Take a checkpoint with weights that the network has no place for."
)


def main(_):
    values = flags.FLAGS
    if values.source == "torchvision":
        reason = "with --source=torchvision: training takes the class names from the data set"
        cli.refuse_flags(("labels", "allow_unused"), reason)
    from centernet_tf.training.imported_model import import_classifier, import_model

    settings = (values.config_file, values.params_override, values.output)
    if values.source == "torchvision":
        print(import_classifier(values.checkpoint, *settings))
    else:
        more = (values.labels or "", values.allow_unused)
        print(import_model(values.source, values.checkpoint, *settings, *more))


if __name__ == "__main__":
    cli.run(
        main,
        required=["source", "checkpoint", "output"],
        existing=["checkpoint", "config_file", "labels"],
    )
