r"""Scores a trained detector, or detections in a file, with the COCO metrics.

    python -m pipelines.evaluate --model_dir=runs/bccd --split=test
    python -m pipelines.evaluate --model_dir=runs/coco --annotations=instances_val2017.json
    python -m pipelines.evaluate --model=bccd.tflite --data_dir=bccd_records --split=test
    python -m pipelines.evaluate --detections=detections.json --annotations=instances_val2017.json

Prints the twelve COCO metrics and the AP of each class; writes metrics.json, detections.json (in
the form of COCO results) and report.html (curves, confusion, errors by size, best and worst images,
speed) into --output_dir. --model writes no report.html, and nothing without --output_dir.
"""

from absl import flags

from centernet_tf import cli
from centernet_tf.errors import UserError

flags.DEFINE_string("model_dir", None, "Folder of a trained detector.")
flags.DEFINE_enum("checkpoint", "newest", ["newest", "best"], "Newest, or of the highest AP.")
flags.DEFINE_string("model", None, "SavedModel or .tflite file to score, instead of --model_dir.")
flags.DEFINE_string("data_dir", None, "Folder of the data set; by default the one trained on.")
flags.DEFINE_string("split", None, "Split to score on; by default the model's data.eval_split.")
flags.DEFINE_string(
    "annotations", None, "COCO annotation file to score against, instead of the records' objects."
)
flags.DEFINE_string(
    "detections", None, "File of COCO results to score, instead of running a detector."
)
flags.DEFINE_string(
    "output_dir", None, "Folder for the results; by default evaluation[_SPLIT] in --model_dir."
)
flags.DEFINE_multi_string(
    "params_override", [], "Settings to score under, such as evaluation.batch_size=1"
)


def main(_):
    values = flags.FLAGS
    if bool(values.model_dir) + bool(values.model) + bool(values.detections) != 1:
        raise UserError(
            "Give either --model_dir or --model, to run a detector, or --detections, a file."
        )
    if values.detections:
        _score_file(values)
    elif values.model:
        _score_export(values)
    else:
        _score_model(values)


def _score_model(values):
    from centernet_tf.data.manifest import load_manifest
    from centernet_tf.evaluation.evaluate import evaluate
    from centernet_tf.evaluation.override import override_settings
    from centernet_tf.training.model_dir import load_trained

    trained = load_trained(values.model_dir, values.checkpoint)
    trained = override_settings(trained, values.params_override)
    manifest = load_manifest(values.data_dir or trained.config.data.path)
    outputs = values.annotations or "", values.output_dir or ""
    evaluate(trained, manifest, values.split, True, *outputs)


def _score_export(values):
    unused = ("annotations", "params_override", "checkpoint")
    cli.refuse_flags(unused, "with --model, which is scored as it was exported")
    if not (values.data_dir and values.split):
        raise UserError("--model needs --data_dir and --split, the records to score it on.")
    from centernet_tf.data.manifest import load_manifest
    from centernet_tf.export.split_score import score_export

    manifest = load_manifest(values.data_dir)
    score_export(values.model, manifest, values.split, values.output_dir or "")


def _score_file(values):
    cli.refuse_flags(("checkpoint",), "with --detections")
    records = bool(values.data_dir), bool(values.split)
    if any(records) != all(records) or not (values.annotations or any(records)):
        raise UserError(
            "--detections needs what to score against: --annotations, a COCO annotation file, or "
            "both --data_dir and --split, records."
        )
    from centernet_tf.data.manifest import load_manifest
    from centernet_tf.evaluation.override import coco_backend
    from centernet_tf.evaluation.score_files import score_files

    score_files(
        values.detections,
        values.annotations or "",
        load_manifest(values.data_dir) if values.data_dir else None,
        values.split or "",
        coco_backend(values.params_override),
        values.output_dir or "",
    )


if __name__ == "__main__":
    cli.run(main, existing=["model_dir", "model", "data_dir", "annotations", "detections"])
